import { glibc } from '../../../libc/libc.ts';
import type { LoadedObject } from '../../../resolve/closure.ts';
import { follow } from '../../../view/follow.ts';
import { join } from '../../../view/path.ts';
import { readText } from '../../../view/text.ts';
import { chainTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { compiledIn } from '../../../resolve/compiled-in.ts';
import { isOf } from '../../extension.ts';
import type { Merge } from '../../merge.ts';
import { openedBy, reachesHost } from '../../opened-by-name.ts';
import type { Subject } from '../../subject.ts';

/** A kind of modules that a library opens by itself. */
export type Facility = 'gconv' | 'nss' | 'pam';

interface HostModules extends Observation {
  readonly facility: Facility;
  /** The library of the extension that opens them. */
  readonly opener: string;
  /** The variable or file by which the modules are found; manifests document the opening by it. */
  readonly through: string;
  /** The real path of one module of the host that would be loaded. */
  readonly module: string;
}

const FACILITIES = {
  gconv: {
    soname: glibc.soname,
    directory: '/gconv',
    through: 'GCONV_PATH',
    what: 'character set converters',
  },
  pam: { soname: 'libpam.so.0', directory: '/security', through: '/etc/pam.d', what: 'PAM modules' },
  nss: { soname: glibc.soname, through: '/etc/nsswitch.conf', what: 'NSS modules' },
} as const;

export const hostModules = defineCheck(
  'leaks/host-modules',
  {
    title: 'A library of the extension opens modules of the host',
    means:
      'A self-contained extension (ID=_any) contains a libc or libpam that opens modules of the host: character ' +
      'set converters (gconv) and PAM modules from a compiled-in directory, or NSS modules that the host’s ' +
      '/etc/nsswitch.conf names.',
    matters:
      'The module was built for the host’s libc, but is loaded into a process with a different one. Usually this ' +
      'fails quietly: a text is not converted, a user is not found, a login is refused.',
    fix:
      'Ship the modules with the library at a path of the extension’s own and edit that path into the library, or ' +
      'configure the program not to use them. “flix vendor” records in its manifest what it left open; the finding ' +
      'is then a note.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ subjects, merge }: Evidence): Generator<HostModules> {
  if (!merge.host) return;
  for (const subject of subjects) {
    const { extension, role, objects } = subject;
    if (role !== 'program' || extension.claim !== 'self-contained') continue;
    for (const facility of ['gconv', 'pam', 'nss'] as const) {
      const { soname } = FACILITIES[facility];
      const opener = objects.find(
        ({ real, facts }) => facts.dynamic?.soname === soname && isOf(extension, merge.providerOf(real)),
      );
      const module = opener && moduleOf(facility, opener, subject, merge);
      if (module !== undefined) yield finding(facility, module, opener!, subject, merge);
    }
  }
}

function moduleOf(
  facility: Facility,
  opener: LoadedObject,
  subject: Subject,
  merge: Merge,
): string | undefined {
  if (facility === 'nss') return nssModule(subject, merge);
  const { moduleDirectories } = compiledIn(opener.view, opener.real);
  const { directory: ending } = FACILITIES[facility];
  for (const directory of moduleDirectories.filter(text => text.endsWith(ending))) {
    const real = follow(merge.view, directory).path;
    for (const name of real === undefined ? [] : merge.view.list(real).keys()) {
      const path = join(real!, name);
      if (name.endsWith('.so') && merge.view.kind(path) === 'file' && !merge.extensionOf(path)) return path;
    }
  }
  return undefined;
}

/** Returns the module of a service in the host’s nsswitch.conf that the program’s loader finds on the host. */
function nssModule(subject: Subject, merge: Merge): string | undefined {
  const { loader } = subject.closure;
  if (!loader || !reachesHost(loader, subject, merge)) return undefined;
  const lines = (readText(merge.host!.view, '/etc/nsswitch.conf') ?? '').replace(/#.*|\[[^\]]*\]/g, '');
  const services = new Set(lines.split('\n').flatMap(line => line.split(':')[1]?.trim().split(/\s+/) ?? []));
  const names = [...services].filter(Boolean).map(service => `libnss_${service}.so.2`);
  for (const { real } of openedBy(subject, names, merge).values()) if (!merge.extensionOf(real)) return real;
  return undefined;
}

function finding(
  facility: Facility,
  module: string,
  opener: LoadedObject,
  subject: Subject,
  merge: Merge,
): HostModules {
  const { through, what } = FACILITIES[facility];
  return {
    extension: subject.extension,
    subject: subject.path,
    chain: [
      ...chainTo(opener, subject, merge),
      { name: module, path: module, provider: { kind: 'host' }, origin: null },
    ],
    culprit: `${what} for ${opener.real}`,
    facility,
    opener: opener.real,
    through,
    module,
    message: `${opener.real} opens ${what} of the host, such as ${module}`,
    fix: `Ship the ${what} with the library, or accept the finding: the manifest of “flix vendor” documents ${through}.`,
  };
}
