import { follow } from '../view/follow.ts';
import { join, normalise, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { commandsIn, splitWords } from './exec-lines.ts';
import { expandSpecifiers } from './specifiers.ts';
import { fault, isExecutable, isThere, type StartFault, type StartRoot } from './start-fault.ts';
import { type Created, withCreated } from './tmpfiles.ts';
import { namesIn, type UnitFile, valuesOf } from './unit-files.ts';

/** What a service finds at a path inside its namespace: a view and the path in it; `undefined`: only the running system knows. */
type Inside = (path: string) => { readonly view: View; readonly path: string } | undefined;

/** Faults of the commands of a unit, and of the environment in which they run. */
export function execFaults(
  unit: UnitFile,
  section: string,
  keys: readonly string[],
  outer: StartRoot,
): StartFault[] {
  const lines = keys.flatMap(key =>
    valuesOf(unit, section, key).flatMap(value =>
      commandsIn(value).map(({ prefixes, program }) => ({ key, value, prefixes, program })),
    ),
  );
  const root: StartRoot = { ...outer, view: withCreated(outer.view, ownDirectories(unit)) };
  const confined = namespace(unit, section, root);
  const isRestricted = lines.some(({ prefixes }) => !prefixes.includes('+'));
  const faults = [
    ...credentialFaults(unit, section, outer),
    ...namespaceFaults(unit, section, root, confined),
    ...(isRestricted ? restrictionFaults(unit, section, root, confined, RESTRICTED) : []),
    ...restrictionFaults(unit, section, root, confined, ['ReadWritePaths']),
  ];
  const places = valuesOf(unit, section, 'ExecSearchPath').flatMap(value => value.split(':'));
  for (const { key, value, prefixes, program } of lines) {
    const path = expandSpecifiers(program, unit.name);
    if (path === undefined || path === '' || prefixes.includes('-')) continue;
    if (program.includes('/') && !path.startsWith('/')) {
      const effect = 'is refused by systemd (bad-setting)';
      faults.push(fault(key, value, { culprit: path, because: 'is not an absolute path', effect }));
      continue;
    }
    const because = programFault(path, confined, root, places.length > 0 ? places : SEARCHED);
    if (because === undefined) continue;
    const isCondition = key === 'ExecCondition';
    const effect = isCondition ? 'is skipped at every boot' : 'fails with status 203/EXEC';
    faults.push({ ...fault(key, value, { culprit: path, because, effect }), isSkipped: isCondition });
  }
  return faults;
}

/** Where systemd looks for a program without a slash, unless ExecSearchPath= says otherwise. */
const SEARCHED = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Says why a program cannot be executed; `undefined`: it can, or that is not known. */
function programFault(
  program: string,
  inside: Inside,
  root: StartRoot,
  places: readonly string[],
): string | undefined {
  const paths = program.includes('/') ? [program] : places.map(place => join(place, program));
  const found = paths.map(path => inside(path));
  if (found.includes(undefined) || paths.some(path => root.mayExist(path))) return undefined;
  const reasons = found.map(at => executionFault(at!.view, at!.path, root));
  if (reasons.includes(undefined)) return undefined;
  return reasons.find(reason => reason !== ABSENT) ?? ABSENT;
}

const ABSENT = 'does not exist';

function executionFault(view: View, path: string, root: StartRoot): string | undefined {
  const found = follow(view, path);
  if (found.path === undefined) return ABSENT;
  if (found.kind !== 'file') return found.kind === 'directory' ? 'is a directory' : undefined;
  if (!isExecutable(view, found.path)) return 'is not executable';
  const interpreter = view === root.view ? root.interpreterOf(found.path) : undefined;
  return interpreter === undefined || follow(view, interpreter).path !== undefined
    ? undefined
    : `is a script for ${interpreter}, which does not exist`;
}

const IMAGES = ['RootImage', 'MountImages', 'ExtensionImages', 'ExtensionDirectories'];
/** Places that services often see changed: private, hidden or mounted. */
const CHANGED = /^\/(?:tmp|var\/tmp|home|root|run\/user|dev|proc|sys)(?:\/|$)/;

/** The namespace of a service, as far as its files are those of the root. */
function namespace(unit: UnitFile, section: string, { view }: StartRoot): Inside {
  const last = (key: string) => valuesOf(unit, section, key).at(-1);
  const hasImages = IMAGES.some(key => last(key) !== undefined);
  const base = expandSpecifiers(last('RootDirectory') ?? '/', unit.name);
  const real = base === undefined ? undefined : follow(view, base).path;
  const top = real === undefined || real === '/' ? view : viewBelow(view, real);
  const hidden = wordsOf(unit, section, 'TemporaryFileSystem').map(word => word.split(':')[0]!);
  const binds = bindsOf(unit, section).sort((a, b) => b.to.length - a.to.length);
  return path => {
    const at = normalise(path);
    if (hasImages || real === undefined) return undefined;
    const bind = binds.find(({ to }) => within(to, at));
    if (bind) return { view, path: normalise(bind.from + at.slice(bind.to === '/' ? 0 : bind.to.length)) };
    return CHANGED.test(at) || hidden.some(place => within(normalise(place), at))
      ? undefined
      : { view: top, path: at };
  };
}

interface Bind {
  readonly key: string;
  /** As written. */
  readonly word: string;
  readonly from: string;
  readonly to: string;
  readonly isOptional: boolean;
}

function bindsOf(unit: UnitFile, section: string): Bind[] {
  return ['BindPaths', 'BindReadOnlyPaths'].flatMap(key =>
    wordsOf(unit, section, key).flatMap(word => {
      const expanded = expandSpecifiers(word, unit.name);
      const [source = '', target] = (expanded ?? '').split(':');
      const from = source.replace(/^-/, '');
      if (!from.startsWith('/')) return [];
      return [{ key, word, from, to: normalise(target || from), isOptional: source.startsWith('-') }];
    }),
  );
}

/** Settings that do not apply to commands with `+`. */
const RESTRICTED = ['ReadOnlyPaths', 'InaccessiblePaths', 'ExecPaths', 'NoExecPaths'];

/** Paths to restrict have to exist, except below a path with the same restriction. */
function restrictionFaults(
  unit: UnitFile,
  section: string,
  root: StartRoot,
  inside: Inside,
  keys: readonly string[],
): StartFault[] {
  return keys.flatMap(key => {
    const paths = wordsOf(unit, section, key).flatMap(word => {
      const [, sign = '', path = ''] = /^([+-]*)(.*)$/s.exec(expandSpecifiers(word, unit.name) ?? '')!;
      return path.startsWith('/') ? [{ word, sign, path: normalise(path) }] : [];
    });
    return paths.flatMap(({ word, sign, path }) => {
      const isNested = paths.some(other => other.path !== path && within(other.path, path));
      const at = sign.includes('+') ? inside(path) : { view: root.view, path };
      if (isNested || sign.includes('-') || at?.view !== root.view || isThere(root, at.path)) return [];
      return [fault(key, word, { culprit: at.path, because: ABSENT, effect: NAMESPACE })];
    });
  });
}

const NAMESPACE = 'fails with status 226/NAMESPACE';

function namespaceFaults(unit: UnitFile, section: string, root: StartRoot, inside: Inside): StartFault[] {
  const faults: StartFault[] = [];
  const effect = NAMESPACE;
  const require = (key: string, value: string, path: string | undefined) => {
    if (path !== undefined && path.startsWith('/') && !isThere(root, path))
      faults.push(fault(key, value, { culprit: path, because: ABSENT, effect }));
  };
  const base = valuesOf(unit, section, 'RootDirectory').at(-1);
  if (base !== undefined) require('RootDirectory', base, expandSpecifiers(base, unit.name));
  for (const { key, word, from, to, isOptional } of bindsOf(unit, section)) {
    if (isOptional && follow(root.view, from).path === undefined) continue;
    require(key, word, from);
    if (base === undefined && root.isReadOnly(to) && follow(root.view, to).path === undefined)
      faults.push(
        fault(key, word, {
          culprit: to,
          because: 'does not exist and cannot be created, because the merge makes it read-only',
          effect,
        }),
      );
  }
  const directory = valuesOf(unit, section, 'WorkingDirectory').at(-1) ?? '-';
  const at = /^[~-]/.test(directory) ? undefined : inside(expandSpecifiers(directory, unit.name) ?? '');
  const isLost = at && follow(at.view, at.path).path === undefined && !root.mayExist(at.path);
  if (isLost && !faults.some(({ key }) => key === 'RootDirectory'))
    faults.push(
      fault('WorkingDirectory', directory, {
        culprit: directory,
        because: ABSENT,
        effect: 'fails with status 200/CHDIR',
      }),
    );
  return faults;
}

/** Without a path, a credential is optional; so is one for which the unit itself has a default. */
function credentialFaults(unit: UnitFile, section: string, root: StartRoot): StartFault[] {
  const defaults = new Set(
    ['SetCredential', 'SetCredentialEncrypted'].flatMap(key =>
      valuesOf(unit, section, key).map(value => value.split(':')[0]!),
    ),
  );
  return ['LoadCredential', 'LoadCredentialEncrypted'].flatMap(key =>
    valuesOf(unit, section, key).flatMap(value => {
      const colon = value.indexOf(':');
      const path = colon < 0 ? undefined : expandSpecifiers(value.slice(colon + 1), unit.name);
      if (path === undefined || !path.startsWith('/') || defaults.has(value.slice(0, colon))) return [];
      if (isThere(root, path)) return [];
      return [
        fault(key, value, { culprit: path, because: ABSENT, effect: 'fails with status 243/CREDENTIALS' }),
      ];
    }),
  );
}

const OWN_DIRECTORIES: Readonly<Record<string, string>> = {
  RuntimeDirectory: '/run',
  StateDirectory: '/var/lib',
  CacheDirectory: '/var/cache',
  LogsDirectory: '/var/log',
  ConfigurationDirectory: '/etc',
};

/** The directories that systemd creates for a service before it sets up its namespace. */
export function ownDirectories(unit: UnitFile): Created {
  const found = Object.entries(OWN_DIRECTORIES).flatMap(([key, base]) =>
    namesIn(unit, 'Service', key).flatMap(value => {
      const names = (expandSpecifiers(value, unit.name) ?? '').split(':').slice(0, 2).filter(Boolean);
      return names.map(name => `${base}/${name}`);
    }),
  );
  return new Map(found.map(path => [normalise(path), 'directory'] as const));
}

function wordsOf(unit: UnitFile, section: string, key: string): string[] {
  return valuesOf(unit, section, key).flatMap(splitWords);
}

/** A view of a directory of a root. */
function viewBelow(view: View, base: string): View {
  const at = (path: string) => (path === '/' ? base : base + path);
  return {
    label: view.label,
    versions: view.versions,
    list: directory => view.list(at(directory)),
    kind: path => view.kind(at(path)),
    readlink: path => view.readlink(at(path)),
    stat: path => view.stat(at(path)),
    isMountPoint: directory => view.isMountPoint(at(directory)),
    open: path => view.open(at(path)),
    source: path => view.source(at(path)),
  };
}
