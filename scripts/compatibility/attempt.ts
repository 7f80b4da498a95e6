import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { manifestsIn } from '../../src/manifest/manifests-in.ts';
import { belongsToTrees, judgeTrial, type Trial } from '../../src/trial/judge.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { FileUse } from '../../src/trial/trace.ts';
import { layeredView } from '../../src/view/layers.ts';
import { trialText } from '../../src/report/trial.ts';
import { style } from '../../src/report/style.ts';
import { program } from '../../test/lab/flix.ts';
import { largestParts, type Part, printedOptions, ranDecoy } from './measure.ts';
import { hiddenBeside } from './own-packages.ts';
import { type Recall, recallOf } from './recall.ts';
import { basicPackages } from './roots.ts';
import type { Row } from './row.ts';
import { runWork, USER } from './run.ts';

export const modes = ['flix', 'flatwrap', 'auto'] as const;
export type Mode = (typeof modes)[number];

/** Without --trim, Flatwrap mode stages the whole root, which has the packages of all rows. */
const modeOptions: Readonly<Record<Mode, readonly string[]>> = {
  flix: ['--mode', 'flix'],
  flatwrap: ['--mode', 'flatwrap', '--trim'],
  auto: ['--mode', 'auto'],
};

/** How the work of a row went with a tree, over the host or alone. */
export interface RunResult {
  readonly works: boolean;
  readonly reason?: string;
  /** ELF files from outside the tree that processes of its programs opened, and the marker of a decoy that ran. */
  readonly hostLibraries: readonly string[];
  /** Paths that the staging root has and that programs looked for and did not find. */
  readonly missed: readonly string[];
  /** The options with which `flix try` would have these brought. */
  readonly fixes: readonly string[];
  /** Bytes of the tree that the work used. */
  readonly usedBytes: number;
  /** Files of the tree that it used. */
  readonly usedFiles: readonly string[];
  /** How long it took under strace. */
  readonly seconds: number;
}

/** One tree, and the work over the host and alone. */
export interface Attempt {
  /** The options beyond those of the row. */
  readonly added: readonly string[];
  /** Exit status of `flix vendor`. */
  readonly status: number;
  /** What it printed. */
  readonly printed: string;
  /** The options that it tells the user to add. */
  readonly vendorPrints: readonly string[];
  readonly seconds: number;
  readonly made?: {
    readonly mode: Manifest['mode'];
    readonly bytes: number;
    /** Needs that are required or recommended and that stay open. */
    readonly open: number;
    readonly recall: Recall;
    /** The largest parts that the work did not open, neither over the host nor alone. */
    readonly unused: readonly Part[];
    readonly over: RunResult;
    readonly alone: RunResult;
    /** Over the host as an ordinary user; only wrappers need to be asked, and only if the row is not that of a user anyway. */
    readonly asUser?: Pick<RunResult, 'works' | 'reason'>;
  };
}

export interface Places {
  readonly staging: string;
  readonly host: string;
  /** A directory of this row's own. */
  readonly scratch: string;
}

/**
 * Runs the work in the staging root, of which only the packages of the row and their dependencies are shown. Returns what it
 * used there, or why it does not work even there.
 */
export async function traceInStaging(
  row: Row,
  { staging, host, scratch }: Places,
): Promise<readonly FileUse[] | string> {
  const { works, reason, uses } = await withDirectory(scratch, 'staging', directory =>
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
  return works ? uses : (reason ?? 'no reason');
}

/** Vendors with these options, and runs the work over the host and alone. */
export async function attempt(
  row: Row,
  mode: Mode,
  added: readonly string[],
  uses: readonly FileUse[],
  places: Places,
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
    const open = new Set(
      (manifest.needs ?? [])
        .filter(({ verdict, strength }) => verdict === 'open' && /^re(?:quired|commended)$/.test(strength))
        .map(({ what }) => what),
    );
    const over = await runTree(row, tree, manifest, places, places.host);
    const alone = await runTree(row, tree, manifest, places, undefined);
    const asUser =
      manifest.mode === 'flatwrap' && row.uid === undefined
        ? await runTree({ ...row, uid: USER }, tree, manifest, places, places.host)
        : undefined;
    const wasUsed = new Set([...over.usedFiles, ...alone.usedFiles]);
    const files = filesOf(tree);
    return {
      ...result,
      made: {
        mode: manifest.mode,
        bytes: sum(files),
        open: open.size,
        recall: recallOf(uses, directoryView(places.staging), manifest),
        unused: largestParts(files.filter(file => !wasUsed.has(file.path))),
        over,
        alone,
        ...(asUser && {
          asUser: { works: asUser.works, ...(asUser.reason !== undefined && { reason: asUser.reason }) },
        }),
      },
    };
  });
}

async function runTree(
  row: Row,
  tree: string,
  manifest: Manifest,
  { staging, host: systemd, scratch }: Places,
  host: string | undefined,
): Promise<RunResult> {
  return await withDirectory(scratch, host === undefined ? 'alone' : 'over', async directory => {
    const decoys = decoyNames(manifest, [tree, ...(host === undefined ? [] : [host])]);
    const wrappers = new Set(
      manifest.files.flatMap(({ role, path: file }) => (role === 'wrapper' ? [file] : [])),
    );
    const work = await runWork(row, { staging, tree, host, systemd, decoys, wrappers, scratch: directory });
    const treeView = directoryView(tree, { label: 'the tree' });
    // wrappers show their own root as /usr, and hide that of the host
    const staged = manifest.mode === 'flatwrap' ? path.join(tree, manifest.prefix) : undefined;
    const own = staged === undefined ? treeView : layeredView([directoryView(staged), treeView], 'the tree');
    const hosts = [work.layer, ...(host === undefined ? [] : [host])].map(place => directoryView(place));
    const layers = staged === undefined ? [hosts[0]!, own] : [own, hosts[0]!];
    const root = {
      merged: layeredView([...layers, ...hosts.slice(1)], 'the merged root'),
      trees: [{ view: own, privateDirectories: privateDirectories(manifest) }],
      host: hosts.at(-1),
      staging: staged === undefined ? [directoryView(staging, { label: 'the staging root' })] : [],
    };
    const trial = judgeTrial(work.uses, root);
    const isUsed = new Set(
      trial.used.flatMap(({ path: file }) => [
        file,
        ...(staged === undefined ? [] : [manifest.prefix + file]),
      ]),
    );
    const usedFiles = filesOf(tree).filter(file => isUsed.has(file.path));
    return {
      works: work.works,
      ...(work.reason !== undefined && { reason: work.reason }),
      hostLibraries: [
        ...trial.libraries.map(({ path: file }) => file),
        ...(ranDecoy(work.uses, name => belongsToTrees(root, name)) ? ['a decoy'] : []),
      ],
      missed: trial.missed.map(({ path: file }) => file),
      fixes: fixesOf(row, trial),
      usedBytes: sum(usedFiles),
      usedFiles: usedFiles.map(({ path: file }) => file),
      seconds: work.seconds,
    };
  });
}

function fixesOf(row: Row, trial: Trial): string[] {
  return printedOptions(trialText({ command: [row.name], status: 1, trial }, style(false)));
}

function privateDirectories({ files }: Manifest): string[] {
  return [...new Set(files.filter(({ role }) => role === 'library').map(file => path.dirname(file.path)))];
}

const DEFAULT_DIRECTORIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib', 'usr/lib64'];

/**
 * The private libraries that neither the tree nor the host has in a default directory. A decoy of a library of the host
 * would break its programs; those libraries are decoys themselves, since they are of another release.
 */
function decoyNames({ files }: Manifest, roots: readonly string[]): string[] {
  const names = files
    .filter(
      ({ role, path: file }) => role === 'library' || /\/lib\/[^/]+-linux-[^/]+\/[^/]+\.so\.\d+$/.test(file),
    )
    .map(file => path.basename(file.path))
    .filter(name => /\.so(?:\.|$)/.test(name));
  return [...new Set(names)].filter(
    name =>
      !roots.some(root =>
        DEFAULT_DIRECTORIES.some(directory => fs.existsSync(path.join(root, directory, name))),
      ),
  );
}

/** The regular files of a tree, by their paths inside it. */
function filesOf(tree: string): Part[] {
  return fs.readdirSync(tree, { recursive: true, withFileTypes: true }).flatMap(entry => {
    const place = path.join(entry.parentPath, entry.name);
    return entry.isFile() ? [{ path: place.slice(tree.length), bytes: fs.statSync(place).size }] : [];
  });
}

function sum(files: readonly Part[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}

async function withDirectory<T>(
  parent: string,
  name: string,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = path.join(parent, name);
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  try {
    return await use(directory);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}
