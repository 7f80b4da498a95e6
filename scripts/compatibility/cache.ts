import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../../test/lab/roots.ts';
import type { Mode, Places, Release, Row } from './row.ts';

const directory = path.join(cacheDirectory, 'compatibility');
const hostBoundDirectory = path.join(cacheDirectory, 'host-bound');
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

/** What decides which libraries flix expects the loaders of hosts to list, and how they are asked. */
const LOADING = [
  ...['src/elf', 'src/libc', 'src/resolve', 'src/view', 'src/plan/host-bound'].flatMap(sourcesIn),
  ...['merged-loaders.ts', 'overlay.ts', 'run-in-root.ts', 'run-in-root.pl'].map(name => `test/lab/${name}`),
  'src/audit/merge.ts',
  'scripts/compatibility/host-bound/loaders.ts',
];

/** What `npm run host-bound` caches for a tree, whichever build of flix wrote it. */
interface TreeOverHosts {
  /** A digest of the tree. */
  readonly tree: string;
  /** Roots. */
  readonly hosts: readonly string[];
}

/** The place of the answers of the hosts' loaders about a tree. */
export function loadersPlace({ tree, hosts }: TreeOverHosts): string {
  const key = keyOf([tree, ...hosts.map(nameOf), digestOf(LOADING)]);
  return path.join(hostBoundDirectory, 'loaders', `${key}.json`);
}

/** The place of what the work of a row did over a host with a tree; `staging` is the root of its package. */
export function hostWorkPlace(row: Row, { tree, hosts }: TreeOverHosts, staging: string): string {
  const key = keyOf([describe(row), tree, ...hosts.map(nameOf), nameOf(staging), digestOf(RUNNING)]);
  return path.join(hostBoundDirectory, 'work', `${fileName(row)}-${key}.json`);
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
  return path.join(hostBoundDirectory, 'results', name);
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
  return [staging, host].map(nameOf).join('\0');
}

/** Names a root by its directory, which has a new name when the root is made anew. */
function nameOf(root: string): string {
  return path.basename(fs.realpathSync(root));
}

/** Returns all files below a folder of the project, sorted. */
function sourcesIn(folder: string): string[] {
  return fs
    .readdirSync(path.join(project, folder), { recursive: true, withFileTypes: true })
    .flatMap(entry => (entry.isFile() ? [path.join(entry.parentPath, entry.name)] : []))
    .map(file => path.relative(project, file))
    .sort();
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
