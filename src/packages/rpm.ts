import { follow, resolveParent } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import {
  type Database,
  isPackageName,
  listedPath,
  type MaintainerScript,
  type Package,
  type Pin,
} from './package.ts';

/** The directories of the rpm database (rpm-config(5), `_dbpath`), the newest first. */
const PLACES = ['/usr/lib/sysimage/rpm', '/var/lib/rpm', '/usr/share/rpm'];

/** The files of each format, the first of which it always has. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  sqlite: ['rpmdb.sqlite', 'rpmdb.sqlite-wal'],
  ndb: ['Packages.db', 'Index.db'],
  bdb: ['Packages'],
};

/** A database that only rpm itself can read. */
export interface RpmFiles {
  /** Its directory, as the root names it. */
  readonly place: string;
  readonly format: string;
  /** Real paths. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

/** Finds the database of rpm in a root. */
export function rpmFiles(view: View): RpmFiles | undefined {
  for (const place of PLACES)
    for (const [format, names] of Object.entries(FORMATS)) {
      const files = names.flatMap(name => {
        const real = follow(view, `${place}/${name}`);
        return real.path !== undefined && real.kind === 'file' ? [{ name, path: real.path }] : [];
      });
      if (files[0]?.name === names[0]) return { place, format, files };
    }
  return undefined;
}

/** A line `p` with the fields of a package, then one for each requirement (`r`), recommendation (`o`), provision (`v`), file (`f`), file state (`t`) and script (`s`). */
export const QUERY_FORMAT = [
  'p %{NAME:shescape} %{EPOCHNUM} %{VERSION:shescape} %{RELEASE:shescape} %{ARCH:shescape} %{SOURCERPM:shescape} %{LICENSE:shescape}',
  '[r %{REQUIRENAME:shescape} %{REQUIREVERSION:shescape} %{REQUIREFLAGS:depflags}\\n][o %{RECOMMENDNAME:shescape}\\n][v %{PROVIDENAME:shescape}\\n]' +
    '[f %{FILEFLAGS} %{FILENAMES:shescape}\\n][t %{FILESTATES}\\n]s pre %{PREIN:shescape}',
  's post %{POSTIN:shescape}',
  's posttrans %{POSTTRANS:shescape}\\n',
].join('\\n');

const databases = new WeakMap<View, Answer>();

interface Answer {
  readonly place: string;
  /** What rpm printed for `QUERY_FORMAT`. */
  readonly output: string;
}

/** Stores the output of rpm for the database of a root, so that `rpmDatabase` can read it. */
export function provideRpm(view: View, { place, files }: RpmFiles, output: string): void {
  databases.set(view.source(files[0]!.path).view, { place, output });
}

/** Returns the database from the stored output of rpm; `undefined`: the root has none, or rpm was not asked. */
export function rpmDatabase(view: View): Database | undefined {
  const [first] = rpmFiles(view)?.files ?? [];
  const answer = first && databases.get(view.source(first.path).view);
  if (!answer) return undefined;
  const installed = [...read(view, answer)];
  const owners = ownersOfRequired(installed);
  const packages = new Map<Package, Installed>(
    installed.map(entry => {
      const { owner, requires, pins, recommends, provides } = entry;
      const depends = requires.flatMap(name => dependencies(name, owners));
      return [{ ...owner, depends, pins, recommends: recommends.map(name => [name]), provides }, entry];
    }),
  );
  return {
    type: 'rpm',
    place: answer.place,
    packages: [...packages.keys()],
    filesOf: owner => packages.get(owner)?.files ?? [],
    scriptsOf: owner => packages.get(owner)?.scripts ?? [],
  };
}

interface Installed {
  readonly owner: Omit<Package, 'depends' | 'pins' | 'recommends' | 'provides'>;
  readonly requires: string[];
  readonly pins: Pin[];
  readonly recommends: string[];
  readonly provides: string[];
  readonly files: string[];
  readonly scripts: MaintainerScript[];
}

/** The base system of Fedora and its kin; rpm itself marks no package. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  'aaa_base',
  'basesystem',
  'bash',
  'coreutils',
  'filesystem',
  'glibc',
  'glibc-common',
  'setup',
  'systemd',
  'tzdata',
]);

/** Files that are only removed with the package (rpmfiles.h, RPMFILE_GHOST); scripts or programs make them. */
const GHOST = 64;

function* read(view: View, { place, output }: Answer): Generator<Installed> {
  let current: Installed | undefined;
  let flags: number[] = [];
  let states: string[] = [];
  const finished = ({ files, ...rest }: Installed): Installed => ({
    ...rest,
    // other states: replaced by another package, left out at the installation (rpmfiles.h, rpmfileState)
    files: files.filter((path, at) => {
      const isThere = (flags[at]! & GHOST) === 0 || view.kind(resolveParent(view, path)) !== undefined;
      return isThere && (states[at] ?? '0') === '0' && listedPath(path).length > 0;
    }),
  });
  for (const [kind, ...values] of recordsIn(output)) {
    if (kind === 'p') {
      if (current) yield finished(current);
      [flags, states] = [[], []];
      const owner = packageOf(values);
      current = owner && {
        owner,
        requires: [],
        pins: [],
        recommends: [],
        provides: [],
        files: [],
        scripts: [],
      };
    }
    const [first = '', second = '', third = ''] = values;
    if (kind === 'r') {
      current?.requires.push(first);
      if (third === '=') current?.pins.push(...pinOn(first, second));
    } else if (kind === 'o') current?.recommends.push(first);
    else if (kind === 'v') current?.provides.push(first);
    else if (kind === 'f') {
      flags.push(Number(first));
      current?.files.push(second);
    } else if (kind === 't') states.push(first);
    else if (kind === 's' && second !== NONE)
      current?.scripts.push({ name: first, path: place, text: second });
  }
  if (current) yield finished(current);
}

/** What rpm prints instead of a value. */
const NONE = '(none)';

function packageOf(values: readonly string[]): Installed['owner'] | undefined {
  const [name = '', epoch = '', version = '', release = '', architecture = '', source = '', licence = ''] =
    values;
  // keys that sign packages are stored like packages
  if (!isPackageName(name) || name === 'gpg-pubkey') return undefined;
  const [, sourceName, sourceVersion] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(source) ?? [];
  return {
    name,
    version: `${epoch === '0' ? '' : `${epoch}:`}${version}-${release}`,
    architecture,
    source: sourceName ?? name,
    sourceVersion: sourceVersion ?? `${version}-${release}`,
    licences: licence === '' || licence === NONE ? [] : [licence],
    essential: ESSENTIAL.has(name),
  };
}

/**
 * Reads a requirement of exactly one version: every package also provides `name(x86-64)`, in its own version (rpm
 * build/rpmfc.c).
 */
function pinOn(requirement: string, version: string): Pin[] {
  const name = requirement.replace(/\((?:x86|aarch|ppc|s390|riscv|loongarch|arm)[\w-]*\)$/, '');
  return isPackageName(name) ? [{ name, version }] : [];
}

/** Requirements that rpm itself or the package fulfils. */
const OWN = /^(?:rpmlib|config)\(/;

/**
 * Translates a requirement: a name, a file, or an expression such as `(a or b)` (rpm, “Boolean Dependencies”), of which
 * conditions are left out. Each list has alternatives.
 */
function dependencies(requirement: string, owners: ReadonlyMap<string, string>): string[][] {
  if (OWN.test(requirement)) return [];
  if (!requirement.startsWith('(')) return [[owners.get(requirement) ?? requirement]];
  const [demanded = ''] = requirement.split(/ (?:if|unless|with|without) /, 1);
  return demanded.split(' and ').map(part => part.split(' or ').map(nameIn));
}

/** Removes a version, and the brackets of an expression, not those of `libz.so.1()(64bit)`. */
function nameIn(operand: string): string {
  const [word = ''] = operand.replace(/^\(+/, '').split(' ', 1);
  const count = (character: string) => word.split(character).length;
  const extra = count(')') - count('(');
  return extra > 0 ? word.slice(0, -extra) : word;
}

/** Returns the names of the packages that own required files; `/bin/sh` may be listed below `/usr`. */
function ownersOfRequired(installed: readonly Installed[]): Map<string, string> {
  const required = new Map<string, string>();
  for (const { requires } of installed)
    for (const path of requires)
      if (path.startsWith('/')) for (const place of [path, `/usr${path}`]) required.set(place, path);
  const owners = new Map<string, string>();
  for (const { owner, files } of installed)
    for (const path of files) {
      const asked = required.get(path);
      if (asked !== undefined) owners.set(asked, owner.name);
    }
  return owners;
}

/** Divides what rpm printed into lines of words; a word may be quoted as for a shell, and then contain line breaks. */
function* recordsIn(text: string): Generator<string[]> {
  let words: string[] = [];
  for (let at = 0; at < text.length;) {
    if (text[at] === '\n') {
      yield words;
      words = [];
      at++;
    } else if (text[at] === ' ') at++;
    else if (text[at] === "'") {
      let end = text.indexOf("'", at + 1);
      while (end >= 0 && text.startsWith(ESCAPED, end)) end = text.indexOf("'", end + ESCAPED.length);
      if (end < 0) return;
      words.push(text.slice(at + 1, end).replaceAll(ESCAPED, "'"));
      at = end + 1;
    } else {
      const [word] = text.slice(at, at + MAX_WORD).split(/[ \n]/, 1);
      words.push(word!);
      at += Math.max(word!.length, 1);
    }
  }
}

/** Words without quotes are numbers, or `(none)`. */
const MAX_WORD = 40;

/** A quote inside quotes. */
const ESCAPED = String.raw`'\''`;
