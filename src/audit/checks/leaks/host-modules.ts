import { glibc } from '../../../libc/libc.ts';
import type { LoadedObject } from '../../../resolve/closure.ts';
import { follow } from '../../../view/follow.ts';
import { basename, join } from '../../../view/path.ts';
import { readText } from '../../../view/text.ts';
import { chainTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { compiledIn } from '../../../needs/compiled-in.ts';
import { isOf } from '../../extension.ts';
import type { Merge } from '../../merge.ts';
import { requiredPamModules } from '../../pam.ts';
import { openedBy, reachesHost } from '../../opened-by-name.ts';
import { type ModuleFailure, moduleFailures } from '../../module-failures.ts';
import type { Subject } from '../../subject.ts';

/** A kind of modules that a library opens by itself. */
export type Facility = 'gconv' | 'nss' | 'pam' | 'graphics' | 'video' | 'sasl';

interface HostModules extends Observation {
  readonly facility: Facility;
  /** The library that opens them. */
  readonly opener: string;
  /** The variable or file by which the modules are found; manifests document the opening by it. */
  readonly through: string;
  /** The real path of one module of the host that would be loaded. */
  readonly module: string;
  /** Real paths of the modules of the host that the process cannot load. */
  readonly failing: readonly string[];
}

interface FacilityRow {
  /** Matches the soname of the library that opens the modules. */
  readonly opener: RegExp;
  /** How a compiled-in directory of such modules ends. NSS modules are searched as libraries instead. */
  readonly directories: readonly string[];
  readonly through: string;
  readonly what: string;
  /** What to do if the modules do not load. */
  readonly fix: string;
  /** Only modules that fail are reported, since opening the host’s is what these libraries are for. */
  readonly onlyFailing?: true;
}

const OWN_ROOT =
  'No option ships them. Vendor the program from a root of the host’s release, or with “flix vendor --mode flatwrap”: ' +
  'then it sees the modules of its own root.';

const libc = new RegExp(`^${glibc.soname.replaceAll('.', '\\.')}$`);

const FACILITIES: Readonly<Record<Facility, FacilityRow>> = {
  gconv: {
    opener: libc,
    directories: ['/gconv'],
    through: 'GCONV_PATH',
    what: 'character set converters',
    fix: 'Ship the converters of the program’s own root in a directory of the extension, and start the program with GCONV_PATH set to that directory.',
  },
  pam: {
    opener: /^libpam\.so\.0$/,
    directories: ['/security'],
    through: '/etc/pam.d',
    what: 'PAM modules',
    fix: OWN_ROOT,
  },
  nss: {
    opener: libc,
    directories: [],
    through: '/etc/nsswitch.conf',
    what: 'NSS modules',
    fix: 'Vendor the program with “flix vendor”: its sealed loader does not open NSS modules of the host.',
  },
  graphics: {
    opener: /^lib(?:GLX?|EGL|gbm|gallium|vulkan)(?:[_-]|\.so|$)/,
    directories: ['/dri', '/gbm'],
    through: 'LIBGL_DRIVERS_PATH',
    what: 'graphics drivers',
    fix: OWN_ROOT,
    onlyFailing: true,
  },
  video: {
    opener: /^lib(?:va|vdpau)\.so/,
    directories: ['/dri', '/vdpau'],
    through: 'LIBVA_DRIVERS_PATH',
    what: 'video drivers',
    fix: OWN_ROOT,
    onlyFailing: true,
  },
  sasl: {
    opener: /^libsasl2\.so/,
    directories: ['/sasl2'],
    through: 'SASL_PATH',
    what: 'authentication mechanisms',
    fix: 'Ship the mechanisms of the program’s own root in a directory of the extension, and start the program with SASL_PATH set to that directory.',
    onlyFailing: true,
  },
};

export const hostModules = defineCheck(
  'leaks/host-modules',
  {
    title: 'A library of the extension opens modules of the host',
    means:
      'A library of the extension opens modules of the host by itself: character set converters (gconv), PAM modules, ' +
      'graphics and video drivers or authentication mechanisms (SASL) from a compiled-in directory, or NSS modules that ' +
      'the host’s /etc/nsswitch.conf names. The audit resolves each of them in the process of the program that would ' +
      'load it. It is an error if one of them cannot be loaded there, because it needs a library, a symbol or a symbol ' +
      'version, such as GLIBC_2.38, that the process lacks. Of PAM modules only those count that a configuration of the ' +
      'host requires.',
    matters:
      'The module was built for the host’s libc, but is loaded into a process with a different one. If it cannot be ' +
      'loaded, a login is refused, a user is not found, a text is not converted, or nothing is drawn. If it can be ' +
      'loaded today, an update of the host may change that.',
    fix:
      'Vendor the program from a root of the host’s release, or in Flatwrap mode (“flix vendor --mode flatwrap”), where ' +
      'the program sees the modules of its own root. Converters and authentication mechanisms may also be shipped in ' +
      'a directory of the extension to which GCONV_PATH or SASL_PATH points. “flix vendor” records in its manifest ' +
      'what it left open; a finding about modules that load is then a note.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ subjects, merge }: Evidence): Generator<HostModules> {
  if (!merge.host) return;
  for (const subject of subjects.filter(({ role }) => role === 'program'))
    for (const facility of Object.keys(FACILITIES) as Facility[]) {
      const opener = openerOf(facility, subject, merge);
      const modules = opener ? modulesOf(facility, opener, subject, merge) : [];
      if (modules.length > 0) yield* observations(facility, opener!, modules, subject, merge);
    }
}

/** Returns the library that opens the modules, if the extension’s libc or the opener itself makes the process differ. */
function openerOf(
  facility: Facility,
  { extension, objects }: Subject,
  merge: Merge,
): LoadedObject | undefined {
  const isOwn = ({ real }: LoadedObject) => isOf(extension, merge.providerOf(real));
  const { opener } = FACILITIES[facility];
  const named = objects.filter(({ facts }) => opener.test(facts.dynamic?.soname ?? ''));
  const privateLibc = objects.some(object => libc.test(object.facts.dynamic?.soname ?? '') && isOwn(object));
  return named.find(isOwn) ?? (privateLibc ? named[0] : undefined);
}

/** Returns the real paths of the host’s modules. */
function modulesOf(facility: Facility, opener: LoadedObject, subject: Subject, merge: Merge): string[] {
  if (facility === 'nss') return nssModules(subject, merge);
  const endings = FACILITIES[facility].directories;
  const directories = compiledIn(opener.view, opener.real).moduleDirectories.filter(directory =>
    endings.some(ending => directory.endsWith(ending)),
  );
  return directories.flatMap(directory => {
    const real = follow(merge.view, directory).path;
    const names = real === undefined ? [] : [...merge.view.list(real).keys()];
    return names
      .filter(name => name.endsWith('.so'))
      .flatMap(name => follow(merge.view, join(real!, name)).path ?? [])
      .filter(path => merge.view.kind(path) === 'file' && !merge.extensionOf(path));
  });
}

/** Returns the modules of services in the host’s nsswitch.conf that the program’s loader finds on the host. */
function nssModules(subject: Subject, merge: Merge): string[] {
  const { loader } = subject.closure;
  if (!loader || !reachesHost(loader, subject, merge)) return [];
  const lines = (readText(merge.host!.view, '/etc/nsswitch.conf') ?? '').replace(/#.*|\[[^\]]*\]/g, '');
  const services = new Set(lines.split('\n').flatMap(line => line.split(':')[1]?.trim().split(/\s+/) ?? []));
  const names = [...services].filter(Boolean).map(service => `libnss_${service}.so.2`);
  return [...openedBy(subject, names, merge).values()]
    .map(({ real }) => real)
    .filter(path => !merge.extensionOf(path));
}

function* observations(
  facility: Facility,
  opener: LoadedObject,
  modules: readonly string[],
  subject: Subject,
  merge: Merge,
): Generator<HostModules> {
  const failures = moduleFailures(subject, modules, merge).filter(
    ({ module }) => facility !== 'pam' || requiredPamModules(merge.view).has(basename(module)),
  );
  const { onlyFailing = false } = FACILITIES[facility];
  if (failures.length > 0) yield failing(facility, opener, failures, subject, merge);
  else if (!onlyFailing && subject.extension.claim === 'self-contained')
    yield opening(facility, opener, modules[0]!, subject, merge);
}

function opening(
  facility: Facility,
  opener: LoadedObject,
  module: string,
  subject: Subject,
  merge: Merge,
): HostModules {
  const { through, what } = FACILITIES[facility];
  return {
    ...common(facility, opener, module, subject, merge),
    failing: [],
    message: `${opener.real} opens ${what} of the host, such as ${module}`,
    fix: `Nothing has to be done as long as they load. “flix vendor” records ${through} in its manifest; to accept the finding otherwise, list it in “allow” of flix.json.`,
  };
}

function failing(
  facility: Facility,
  opener: LoadedObject,
  failures: readonly ModuleFailure[],
  subject: Subject,
  merge: Merge,
): HostModules {
  const { what, fix } = FACILITIES[facility];
  // a library that is missing can be shipped, but nothing helps against the rest
  const { module, reason, libraries } =
    failures.find(failure => failure.libraries.length === 0) ?? failures[0]!;
  const more = failures.length === 1 ? '' : ` (and ${failures.length - 1} more)`;
  return {
    ...common(facility, opener, module, subject, merge),
    severity: 'error',
    failing: failures.map(({ module: path }) => path),
    message: `${basename(subject.path)} cannot load the ${what} of the host: ${reason}${more}`,
    fix: libraries.length > 0 ? shipping(failures.flatMap(each => each.libraries)) : fix,
  };
}

function shipping(libraries: readonly string[]): string {
  const options = [...new Set(libraries)].map(name => `--dlopen ${name}`);
  return `Ship what they need: “flix vendor ${options.join(' ')}”.`;
}

function common(
  facility: Facility,
  opener: LoadedObject,
  module: string,
  subject: Subject,
  merge: Merge,
): Omit<HostModules, 'failing' | 'message' | 'fix'> {
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
  };
}
