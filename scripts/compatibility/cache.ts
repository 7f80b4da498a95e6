import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../../test/lab/roots.ts';
import type { Mode, Places, Release, Row } from './row.ts';

const directory = path.join(cacheDirectory, 'compatibility');
const project = fileURLToPath(new URL('../..', import.meta.url));

type Roots = Omit<Places, 'scratch'>;

/** What decides how work runs in a root, and what is read from its trace. */
const RUNNING = [
  ...['run.ts', 'runs.ts', 'start.ts', 'measure.ts', 'own-packages.ts', 'roots.ts', 'wrappers.ts'].map(
    name => `scripts/compatibility/${name}`,
  ),
  ...['stage.ts', 'hostile-host.ts', 'terminal.ts'].map(name => `test/lab/${name}`),
  ...['trial/trace.ts', 'trial/judge.ts', 'report/trial.ts', 'needs/every-host.ts'].map(
    name => `src/${name}`,
  ),
];

/** The place of a row's result: flix as it is built, the row, its roots and this program decide it. */
export function resultPlace(row: Row, release: Release, mode: Mode, roots: Roots): string {
  const key = keyOf([describe(row), release, mode, namesOf(roots), digestOfBuild()]);
  return path.join(directory, `${release}-${fileName(row)}-${mode}-${key}.json`);
}

/** The place of what the work did with a tree: the tree, the row, its roots and this program decide it, and no build of flix. */
export function runPlace(row: Row, tree: string, roots: Roots): string {
  return path.join(
    directory,
    'runs',
    `${fileName(row)}-${keyOf([describe(row), tree, namesOf(roots), digestOf(RUNNING)])}.json`,
  );
}

/** The place of what the work did in the staging root. */
export function ownRunPlace(row: Row, roots: Roots): string {
  return runPlace(row, 'the staging root', roots);
}

/** The place of a result of `npm run host-bound`, with a program that is vendored for these hosts. */
export function hostBoundPlace(
  row: Row,
  release: Release,
  hosts: readonly Release[],
  staging: string,
): string {
  const own = fs
    .readdirSync(path.join(project, HOST_BOUND))
    .sort()
    .filter(name => !/^(?:main|table|cases|run)/.test(name))
    .map(name => `${HOST_BOUND}/${name}`);
  const key = keyOf([describe(row), path.basename(staging), digestOf(own), digestOfBuild()]);
  const name = `${release}-${fileName(row)}-on-${hosts.join('+')}-${key}.json`;
  return path.join(cacheDirectory, 'host-bound', 'results', name);
}

const HOST_BOUND = 'scripts/compatibility/host-bound';

export function readCached(place: string): unknown {
  return fs.existsSync(place) ? JSON.parse(fs.readFileSync(place, 'utf8')) : undefined;
}

export function writeCached(place: string, value: unknown): void {
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(`${place}.part`, `${JSON.stringify(value, null, 1)}\n`);
  fs.renameSync(`${place}.part`, place);
}

function describe(row: Row): string {
  return JSON.stringify(row, (_, value: unknown) => (value instanceof RegExp ? value.source : value));
}

function fileName({ name }: Row): string {
  return name.replaceAll(/[^\w.+-]/g, '_');
}

function namesOf({ staging, host }: Roots): string {
  return [staging, host].map(root => path.basename(fs.realpathSync(root))).join('\0');
}

function keyOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}

const digests = new Map<string, string>();

function digestOf(files: readonly string[]): string {
  const key = files.join('\0');
  const known = digests.get(key);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(fs.readFileSync(path.join(project, file)));
  const digest = hash.digest('hex');
  digests.set(key, digest);
  return digest;
}

function digestOfBuild(): string {
  const own = ['attempt.ts', 'audit.ts', 'recall.ts', 'result.ts'].map(
    name => `scripts/compatibility/${name}`,
  );
  return digestOf([...RUNNING, ...own, 'dist/flix.mjs']);
}
