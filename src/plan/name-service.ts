import { libcOf } from '../libc/libc.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { Loader } from '../resolve/loader.ts';
import { basename } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { asksForNames } from './opened-at-run-time.ts';
import type { PlacedClosure } from './closures.ts';
import type { PlannedFile } from './plan.ts';
import type { Excluded } from './request.ts';
import { directoryWith } from './served.ts';

const CONFIGURATION = '/etc/nsswitch.conf';

/** The databases of nsswitch.conf(5) without which programs miss users, groups or hosts. */
const DATABASES = new Set(['passwd', 'group', 'shadow', 'gshadow', 'initgroups', 'hosts']);

/** What decides which modules of the name service programs see. */
export interface NameServiceInput {
  readonly root: View;
  /** The host for which the tree is made; `undefined`: any. */
  readonly host: View | undefined;
  readonly loader: Loader;
  readonly closures: readonly PlacedClosure[];
  readonly files: readonly PlannedFile[];
  readonly excluded: Excluded;
}

/**
 * Reports the modules that the `nsswitch.conf` of the root or of the host names and that the tree does not have, if its
 * programs look up users, groups or hosts: they do not see those that only such a module knows.
 */
export function nameServiceRemarks(input: NameServiceInput): Remark[] {
  const { root, host, loader, closures, files, excluded } = input;
  if (!asksForNames(loader, closures)) return [];
  const { builtIn, modules } = libcOf(loader.family).nameService;
  const present = new Set(files.map(({ target }) => basename(target)));
  const remarks = new Map<string, Remark>();
  const configurations = [{ view: root, of: 'the root' }, ...(host ? [{ view: host, of: 'the host' }] : [])];
  for (const { view, of } of configurations)
    for (const [service, databases] of servicesIn(view)) {
      const module = `libnss_${service}.so.2`;
      if (builtIn.includes(service) || present.has(module) || excluded(module) !== undefined) continue;
      const isInRoot = directoryWith(root, module) !== undefined;
      // programs of the root do not find it either
      if (!isInRoot && view === root) continue;
      remarks.set(module, {
        code: 'name-service',
        file: CONFIGURATION,
        message:
          `${of} asks ${service} for ${databases.join(', ')}, but ${module} is not brought: ` +
          (isInRoot
            ? modules.includes(module)
              ? 'a library that it needs is missing. Install that library into the root.'
              : `it may not work with the service of another host. If the hosts run the same version, add --dlopen ${module}.`
            : `the root does not have it. Install it there${modules.includes(module) ? '' : `, and add --dlopen ${module}`}, if programs have to see what only it knows.`),
      });
    }
  return [...remarks.values()];
}

/** Returns the services that nsswitch.conf names, each with its databases. */
function servicesIn(view: View): Map<string, string[]> {
  const services = new Map<string, string[]>();
  for (const line of (readText(view, CONFIGURATION) ?? '').split('\n')) {
    const [database = '', named = ''] = line.replace(/#.*|\[[^\]]*\]/g, ' ').split(':');
    if (!DATABASES.has(database.trim())) continue;
    for (const service of named.split(/\s+/).filter(word => /^\w+$/.test(word)))
      services.set(service, [...(services.get(service) ?? []), database.trim()]);
  }
  return services;
}
