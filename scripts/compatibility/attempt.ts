import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { type Manifest, manifestPath } from '../../src/manifest/manifest.ts';
import { manifestsIn } from '../../src/manifest/manifests-in.ts';
import type { FileUse } from '../../src/trial/trace.ts';
import { directoryView } from '../../src/view/directory.ts';
import { program } from '../../test/lab/flix.ts';
import { type AuditFinding, auditOver } from './audit.ts';
import { ownRunPlace, readCached, runPlace, writeCached } from './cache.ts';
import { type Runs, runsOf, workRoot } from './runs.ts';
import { printedOptions, type UnusedPart, unusedParts } from './measure.ts';
import { hiddenBeside } from './own-packages.ts';
import { type Recall, recallOf } from './recall.ts';
import { basicPackages } from './roots.ts';
import type { Mode, Places, Row } from './row.ts';
import { runWork, USER, type Work } from './run.ts';
import { digestOfTree, filesOf, withDirectory } from './tree.ts';

/** Without --trim, Flatwrap mode stages the whole root, which has the packages of all rows. */
const modeOptions: Readonly<Record<Mode, readonly string[]>> = {
  flix: ['--mode', 'flix'],
  flatwrap: ['--mode', 'flatwrap', '--trim'],
  auto: ['--mode', 'auto'],
};

/** One run of `flix vendor`, and what the work did with its tree over the host and alone. */
export interface Attempt {
  /** The options beyond those of the row. */
  readonly added: readonly string[];
  /** The exit status of `flix vendor`. */
  readonly status: number;
  /** What it printed. */
  readonly printed: string;
  /** The options that it tells the user to add. */
  readonly vendorPrints: readonly string[];
  readonly seconds: number;
  readonly made?: Runs & {
    readonly mode: Manifest['mode'];
    /** A digest of the tree. */
    readonly tree: string;
    readonly bytes: number;
    /** Needs that are required or recommended and that stay open. */
    readonly open: number;
    readonly recall: Recall;
    /** The largest parts that the work did not open, neither over the host nor alone. */
    readonly unused: readonly UnusedPart[];
    /** What `flix audit` finds in the tree over the host. */
    readonly audit: readonly AuditFinding[];
  };
}

/** What the work did in the staging root. */
export interface OwnRun {
  readonly uses: readonly FileUse[];
  /** Whether an ordinary user can do the work there; `false` if the work of the row is that of a user. */
  readonly canUser: boolean;
}

/**
 * Runs the work in the staging root, which shows only the packages of the row and their dependencies. Returns what it used
 * there, or the reason why it does not even work there. Reads an earlier result from the cache unless `again` is set.
 */
export async function runInStaging(row: Row, places: Places, again: boolean): Promise<OwnRun | string> {
  const place = ownRunPlace(row, places);
  const known = again ? undefined : (readCached(place) as OwnRun | undefined);
  if (known) return known;
  const [work, ofUser] = await Promise.all([
    workInStaging(row, places),
    row.uid === undefined ? workInStaging({ ...row, uid: USER }, places) : undefined,
  ]);
  const { works, reason, uses } = work;
  if (!works) return reason ?? 'no reason';
  const own = { uses, canUser: ofUser?.works ?? false };
  writeCached(place, own);
  return own;
}

async function workInStaging(row: Row, { staging, host, scratch }: Places): Promise<Work> {
  return await withDirectory(scratch, `staging-${row.uid ?? 0}`, directory =>
    runWork(row, {
      staging,
      tree: undefined,
      host: undefined,
      hidden: hiddenBeside(directoryView(staging), [...basicPackages, ...row.install]),
      systemd: host,
      decoys: [],
      wrappers: new Set(),
      scratch: directory,
    }),
  );
}

/**
 * Vendors with these options, and runs the work over the host and alone, unless the cache has a result of the same tree.
 *
 * @param others attempts of this build in other modes; one with the same tree has the result
 */
export async function attempt(
  row: Row,
  mode: Mode,
  added: readonly string[],
  { uses, canUser }: OwnRun,
  places: Places,
  again: boolean,
  others: readonly Attempt[],
): Promise<Attempt> {
  return await withDirectory(places.scratch, 'out', async directory => {
    const tree = path.join(directory, 'tree');
    const options = [...row.vendor, ...added, ...modeOptions[mode], '--out', tree];
    const from = performance.now();
    const { exitCode = 70, all } = await execa(
      process.execPath,
      [program, 'vendor', places.staging, ...options],
      { reject: false, all: true, stdin: 'ignore', cwd: directory },
    );
    const seconds = (performance.now() - from) / 1000;
    const printed = all.replaceAll(places.staging, 'ROOT').replaceAll(tree, 'TREE');
    const result = { added, status: exitCode, printed, vendorPrints: printedOptions(printed), seconds };
    const manifest = fs.existsSync(tree) ? manifestsIn(directoryView(tree))[0] : undefined;
    if (exitCode !== 0 || !manifest) return result;
    const digest = digestOfTree(tree, manifestPath(manifest));
    const same = others.find(({ made }) => made?.tree === digest)?.made;
    if (same) return { ...result, made: same };
    const place = runPlace(row, digest, places);
    const known = again ? undefined : (readCached(place) as Runs | undefined);
    const run = known ?? (await runsOf(row, tree, manifest, canUser, places));
    if (!known) writeCached(place, run);
    const open = new Set(
      (manifest.needs ?? [])
        .filter(({ verdict, strength }) => verdict === 'open' && /^re(?:quired|commended)$/.test(strength))
        .map(({ what }) => what),
    );
    const wasUsed = new Set([...run.over.usedFiles, ...run.alone.usedFiles]);
    const files = filesOf(tree);
    return {
      ...result,
      made: {
        mode: manifest.mode,
        tree: digest,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        open: open.size,
        recall: recallOf(uses, directoryView(places.staging), manifest),
        unused: unusedParts(
          files.filter(file => !wasUsed.has(file.path)),
          manifest,
        ),
        audit: await auditOver(row, {
          ...workRoot(tree, manifest, places, places.host),
          tree,
          host: places.host,
          scratch: directory,
        }),
        ...run,
      },
    };
  });
}
