import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../../test/lab/roots.ts';
import { attempt, type Attempt, type Mode, type Places, traceInStaging } from './attempt.ts';
import type { Kind, KindOfRow, Release, Row } from './row.ts';

/** What became of one row on one release. */
export interface RowResult {
  readonly name: string;
  readonly kind: Kind;
  readonly release: Release;
  readonly mode: Mode;
  /** The arguments of `flix vendor ROOT`. */
  readonly vendor: readonly string[];
  /** Package and version of the first package of the row, as the archive gave it. */
  readonly version: string;
  /** Why the work does not work even in the staging root; then there are no attempts. */
  readonly broken?: string;
  readonly attempts: readonly Attempt[];
}

/** Rounds of adding what flix printed. */
const ROUNDS = 4;

/** Vendors and tries a row until it works, or flix has nothing more to add. */
export async function resultOf(
  row: KindOfRow,
  release: Release,
  mode: Mode,
  places: Places,
): Promise<RowResult> {
  const head = { name: row.name, kind: row.kind, release, mode, vendor: row.vendor };
  const version = versionOf(row, places.staging);
  const uses = await traceInStaging(row, places);
  if (typeof uses === 'string') return { ...head, version, broken: uses, attempts: [] };
  const attempts: Attempt[] = [];
  let added: readonly string[] = [];
  while (attempts.length < ROUNDS) {
    const last = await attempt(row, mode, added, uses, places);
    attempts.push(last);
    const more = isGood(last) ? added : moreOptions(last);
    if (more.length === added.length) break;
    added = more;
  }
  return { ...head, version, attempts };
}

/** Whether the work works over the host and alone, without any library of a host. */
export function isGood({ made }: Attempt): boolean {
  return made !== undefined && [made.over, made.alone].every(isGoodRun);
}

export function isGoodRun({
  works,
  hostLibraries,
}: {
  works: boolean;
  hostLibraries: readonly string[];
}): boolean {
  return works && hostLibraries.length === 0;
}

/** Returns the options of an attempt with those that flix printed: by vendor first, and by a trial if these are used up. */
function moreOptions({ added, made, vendorPrints }: Attempt): readonly string[] {
  const trials = made ? made.over.fixes.concat(made.alone.fixes) : [];
  for (const printed of [vendorPrints, trials]) {
    const more = union(added, printed);
    if (more.length > added.length) return more;
  }
  return added;
}

/** Adds pairs of an option and its value to others. */
function union(options: readonly string[], others: readonly string[]): readonly string[] {
  const all = [...options];
  for (let at = 0; at < others.length; at += 2) {
    const [name, value] = [others[at]!, others[at + 1]!];
    if (!all.some((option, i) => option === name && all[i + 1] === value)) all.push(name, value);
  }
  return all;
}

/** The version of the first package, from the status file of dpkg. */
function versionOf({ install: [name] }: Row, staging: string): string {
  const status = fs.readFileSync(path.join(staging, 'var/lib/dpkg/status'), 'utf8');
  return new RegExp(`^Package: ${name}\\n(?:.+\\n)*?Version: (.*)$`, 'm').exec(status)?.[1] ?? '';
}

const resultsDirectory = path.join(cacheDirectory, 'compatibility');

/** The place of a row's result: flix as it is built, the row, its roots and this program decide it. */
export function resultPlace(row: Row, release: Release, mode: Mode, places: Omit<Places, 'scratch'>): string {
  const described = JSON.stringify(row, (_, value: unknown) =>
    value instanceof RegExp ? value.source : value,
  );
  const key = createHash('sha256')
    .update(
      [described, release, mode, path.basename(places.staging), path.basename(places.host), codeKey()].join(
        '\0',
      ),
    )
    .digest('hex')
    .slice(0, 16);
  return path.join(
    resultsDirectory,
    `${release}-${row.name.replaceAll(/[^\w.+-]/g, '_')}-${mode}-${key}.json`,
  );
}

let code: string | undefined;

function codeKey(): string {
  const project = fileURLToPath(new URL('../..', import.meta.url));
  const own = [
    'run.ts',
    'attempt.ts',
    'measure.ts',
    'own-packages.ts',
    'recall.ts',
    'result.ts',
    'wrappers.ts',
  ].map(name => `scripts/compatibility/${name}`);
  const chunks = fs
    .readdirSync(path.join(project, 'dist/chunks'))
    .sort()
    .map(name => `dist/chunks/${name}`);
  const hash = createHash('sha256');
  return (code ??= [...own, 'test/lab/stage.ts', 'test/lab/hostile-host.ts', 'bin/flix.js', ...chunks]
    .reduce((sum, name) => sum.update(name).update(fs.readFileSync(path.join(project, name))), hash)
    .digest('hex'));
}

export function readResult(place: string): RowResult | undefined {
  return fs.existsSync(place) ? (JSON.parse(fs.readFileSync(place, 'utf8')) as RowResult) : undefined;
}

export function writeResult(place: string, result: RowResult): void {
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(`${place}.part`, `${JSON.stringify(result, null, 1)}\n`);
  fs.renameSync(`${place}.part`, place);
}
