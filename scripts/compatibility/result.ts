import fs from 'node:fs';
import path from 'node:path';
import { attempt, type Attempt, runInStaging } from './attempt.ts';
import { readCached, resultPlace } from './cache.ts';
import type { Kind, KindOfRow, Mode, Places, Release, Row } from './row.ts';

/** The result of one row on one release in one mode. */
export interface RowResult {
  readonly name: string;
  readonly kind: Kind;
  readonly release: Release;
  readonly mode: Mode;
  /** The arguments of `flix vendor ROOT`. */
  readonly vendor: readonly string[];
  /** Package and version of the first package of the row, as the archive gave it. */
  readonly version: string;
  /** Why the program does not even work in the staging root; then there are no attempts. */
  readonly broken?: string;
  readonly attempts: readonly Attempt[];
}

/** How many times a row is tried, each time with more of the options that flix printed. */
const ROUNDS = 4;

/**
 * Vendors and tries a row until it works, or flix has nothing more to add.
 *
 * @param again ignores cached results
 */
export async function resultOf(
  row: KindOfRow,
  release: Release,
  mode: Mode,
  places: Places,
  again: boolean,
): Promise<RowResult> {
  const head = { name: row.name, kind: row.kind, release, mode, vendor: row.vendor };
  const version = versionOf(row, places.staging);
  const own = await runInStaging(row, places, again);
  if (typeof own === 'string') return { ...head, version, broken: own, attempts: [] };
  // --mode auto makes the tree of one of the other modes
  const others = mode === 'auto' ? (['flix', 'flatwrap'] as const) : [];
  const known = others.flatMap(
    other => (readCached(resultPlace(row, release, other, places)) as RowResult | undefined)?.attempts ?? [],
  );
  const attempts: Attempt[] = [];
  let added: readonly string[] = [];
  while (attempts.length < ROUNDS) {
    const last = await attempt(row, mode, added, own, places, again, known);
    attempts.push(last);
    const more = isGood(last) ? added : moreOptions(last);
    if (more.length === added.length) break;
    added = more;
  }
  return { ...head, version, attempts };
}

/** Whether the program works over the host and alone, without any library of a host. */
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

/** Returns the options of an attempt with those that flix printed: those of `flix vendor`, or else those of a trial. */
function moreOptions({ added, made, vendorPrints }: Attempt): readonly string[] {
  const trials = made ? made.over.fixes.concat(made.alone.fixes) : [];
  for (const printed of [vendorPrints, trials]) {
    const more = union(added, printed);
    if (more.length > added.length) return more;
  }
  return added;
}

/** Returns options with those of `others` that they lack; both are pairs of an option and its value. */
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
