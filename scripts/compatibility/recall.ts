import type { Manifest } from '../../src/manifest/manifest.ts';
import { driverOf } from '../../src/needs/drivers.ts';
import { isOfEveryHost, isProgramOfEveryHost } from '../../src/needs/every-host.ts';
import { packageOf } from '../../src/packages/database.ts';
import type { FileUse } from '../../src/trial/trace.ts';
import { follow } from '../../src/view/follow.ts';
import { objectAt } from '../../src/view/object.ts';
import { basename, within } from '../../src/view/path.ts';
import { headOf, shebang } from '../../src/view/text.ts';
import type { View } from '../../src/view/view.ts';

/** Why a file that the tree lacks does not count. */
export const exemptions = ['certificates', 'index', 'driver'] as const;
export type Exemption = (typeof exemptions)[number];

export interface Recall {
  /** How many files below /usr and /opt of the staging root the vendored programs used there. */
  readonly used: number;
  /** Those of them that are neither in the tree nor on every host, and that are not exempt, sorted. */
  readonly lacking: readonly string[];
  /** Files that the tree lacks and that do not count, sorted; `used` does not contain them. */
  readonly exempt: Readonly<Record<Exemption, readonly string[]>>;
  /** How many files were used only by programs that the tree does not have, such as the libraries of coreutils. */
  readonly ofOthers: number;
  /** The bytes of the used files that not every host has. */
  readonly bytes: number;
}

interface Used {
  readonly real: string;
  /** A path by which a program named it. */
  readonly named: string;
}

/**
 * Compares what vendored programs used in the staging root with what the tree has.
 *
 * A file counts if a program that the tree has opened it. A program counts if the tree has it, or if a program that the tree
 * has started it, directly or through programs of every host, such as `sh` and `env`.
 */
export function recallOf(uses: readonly FileUse[], view: View, manifest: Manifest): Recall {
  const has = new Set(
    manifest.files.flatMap(({ path, origin }) => [path, ...(origin === undefined ? [] : [origin.path])]),
  );
  const isVendored = memo(program => has.has(follow(view, program).path ?? program));
  const carriers = carriersOf(uses, view, isVendored);
  const counted = new Map<string, Used>();
  const all = new Set<string>();
  for (const { program, how, outcome, path: named, real: opened = follow(view, named).path } of uses) {
    if (how === 'look' || outcome !== 'found' || opened === undefined) continue;
    const real = sourceOf(view, opened);
    if (!isMeasured(view, real)) continue;
    all.add(real);
    const isObject = () => objectAt(view, real).facts !== undefined;
    const counts =
      how === 'run'
        ? has.has(real) || isVendored(program) || carriers.has(program)
        : isVendored(program) && !(isOfHostsInterpreter(view, program) && isObject());
    if (counts) counted.set(real, { real, named });
  }
  const needed = [...counted.values()].filter(
    ({ real, named }) => !isOfEveryHost(real) && !isOfEveryHost(named),
  );
  const absent = needed.flatMap(({ real }) => (has.has(real) ? [] : [real])).sort();
  const exempt = exemptionsOf(absent, view);
  const left = new Set(exemptions.flatMap(kind => exempt[kind]));
  return {
    used: counted.size - left.size,
    lacking: absent.filter(file => !left.has(file)),
    exempt,
    ofOthers: [...all].filter(file => !counted.has(file)).length,
    bytes: needed.reduce((sum, { real }) => sum + (left.has(real) ? 0 : view.stat(real).size), 0),
  };
}

function isMeasured(view: View, real: string): boolean {
  return ['/usr', '/opt'].some(top => within(top, real)) && view.kind(real) === 'file';
}

/** Returns the source of a module that Python compiled (PEP 3147), because trees leave compiled modules out; else the file itself. */
function sourceOf(view: View, file: string): string {
  const [, directory, name] = /^(.*)\/__pycache__\/([^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc$/.exec(file) ?? [];
  const source = `${directory}/${name}.py`;
  return directory !== undefined && view.kind(source) === 'file' ? source : file;
}

/** Returns the programs of every host that vendored programs started, directly or through each other. */
function carriersOf(
  uses: readonly FileUse[],
  view: View,
  isVendored: (program: string) => boolean,
): ReadonlySet<string> {
  const carriers = new Set<string>();
  const starts = uses.filter(
    ({ how, outcome, path }) =>
      how === 'run' &&
      outcome === 'found' &&
      (isProgramOfEveryHost(path) || isProgramOfEveryHost(follow(view, path).path ?? path)),
  );
  for (let before = -1; before !== carriers.size;) {
    before = carriers.size;
    for (const { program, path } of starts)
      if (isVendored(program) || carriers.has(program)) carriers.add(path);
  }
  return carriers;
}

/** Whether a program is a script that an interpreter of every host runs, which loads libraries of its own. */
function isOfHostsInterpreter(view: View, program: string): boolean {
  const real = follow(view, program).path;
  const script = real === undefined ? undefined : shebang(headOf(view, real));
  return script !== undefined && isProgramOfEveryHost(script.interpreter);
}

/** Programs open certificates in /etc, where hosts have their own. */
const CERTIFICATES = /^\/usr\/share\/ca-certificates\//;
/** Written when packages are installed. Programs that find no index read the files beside it. */
const INDEX = /\/(?:gconv-modules|giomodule)\.cache$/;

function exemptionsOf(absent: readonly string[], view: View): Record<Exemption, string[]> {
  const drivers = driverFiles(absent, view);
  return {
    certificates: absent.filter(file => CERTIFICATES.test(file)),
    index: absent.filter(file => INDEX.test(file)),
    driver: absent.filter(file => drivers.has(file)),
  };
}

/** Returns the drivers of devices, which no tree may bring, with the other files of their packages and the libraries that they need. */
function driverFiles(absent: readonly string[], view: View): ReadonlySet<string> {
  const found = new Set(absent.filter(file => driverOf(basename(file))));
  const packages = new Set([...found].map(file => packageOf(view, file)?.name));
  packages.delete(undefined);
  const neededBy = (file: string) =>
    objectAt(view, file).facts?.dynamic?.needed.map(({ name }) => name) ?? [];
  for (let before = -1; before !== found.size;) {
    before = found.size;
    const names = new Set([...found].flatMap(neededBy));
    for (const file of absent) {
      const owner = packageOf(view, file)?.name;
      const soname = objectAt(view, file).facts?.dynamic?.soname;
      if ((owner !== undefined && packages.has(owner)) || (soname !== undefined && names.has(soname)))
        found.add(file);
    }
  }
  return found;
}

function memo(ask: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return text => {
    const answer = known.get(text) ?? ask(text);
    known.set(text, answer);
    return answer;
  };
}
