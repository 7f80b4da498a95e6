import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { trialText } from '../../src/report/trial.ts';
import { style } from '../../src/report/style.ts';
import { belongsToTrees, judgeTrial, type Trial } from '../../src/trial/judge.ts';
import { directoryView } from '../../src/view/directory.ts';
import { layeredView } from '../../src/view/layers.ts';
import { HOSTS_USR } from '../../src/wrap/mounts.ts';
import { printedOptions, ranDecoy } from './measure.ts';
import type { Places, Row } from './row.ts';
import { runWork, USER, type WorkRoot } from './run.ts';
import { type Start, startTimes } from './start.ts';
import { filesOf, withDirectory } from './tree.ts';

/** The result of the work of a row with a tree, over the host or alone. */
export interface RunResult {
  readonly works: boolean;
  readonly reason?: string;
  /** ELF files from outside the tree that processes of its programs opened, and the marker of a decoy that ran. */
  readonly hostLibraries: readonly string[];
  /** Paths that the staging root has and that programs looked for and did not find. */
  readonly missed: readonly string[];
  /** The options of `flix vendor` that `flix try` prints for these. */
  readonly fixes: readonly string[];
  /** Bytes of the tree that the work used. */
  readonly usedBytes: number;
  /** Files of the tree that it used. */
  readonly usedFiles: readonly string[];
  /** How long it took under strace. */
  readonly seconds: number;
}

/** The results of the work of a row with one tree. */
export interface Runs {
  readonly over: RunResult;
  readonly alone: RunResult;
  /** Over the host as an ordinary user, if a user can do the work in the staging root; absent if the row is that of a user. */
  readonly asUser?: Pick<RunResult, 'works' | 'reason' | 'hostLibraries'>;
  /** Only if the tree has wrappers. */
  readonly start?: Start;
}

/** Runs the work over the host and alone. */
export async function runsOf(
  row: Row,
  tree: string,
  manifest: Manifest,
  canUser: boolean,
  places: Places,
): Promise<Runs> {
  const { host, scratch } = places;
  const [over, alone, asUser] = await Promise.all([
    runTree(row, tree, manifest, places, host),
    runTree(row, tree, manifest, places, undefined),
    canUser && row.uid === undefined
      ? runTree({ ...row, uid: USER }, tree, manifest, places, host)
      : undefined,
  ]);
  const wrappers = wrappersOf(manifest);
  const start =
    wrappers.size > 0
      ? await withDirectory(scratch, 'start', directory =>
          startTimes(row, { tree, staged: manifest.prefix, host, wrappers, scratch: directory }),
        )
      : undefined;
  return {
    over,
    alone,
    ...(asUser && {
      asUser: {
        works: asUser.works,
        ...(asUser.reason !== undefined && { reason: asUser.reason }),
        hostLibraries: asUser.hostLibraries,
      },
    }),
    ...(start && { start }),
  };
}

async function runTree(
  row: Row,
  tree: string,
  manifest: Manifest,
  places: Places,
  host: string | undefined,
): Promise<RunResult> {
  const { staging, scratch } = places;
  const where = host === undefined ? 'alone' : row.uid === undefined ? 'over' : 'user';
  return await withDirectory(scratch, where, async directory => {
    const work = await runWork(row, { ...workRoot(tree, manifest, places, host), scratch: directory });
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
      staging: [directoryView(staging, { label: 'the staging root' })],
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
      usedBytes: usedFiles.reduce((sum, { bytes }) => sum + bytes, 0),
      usedFiles: usedFiles.map(({ path: file }) => file),
      seconds: work.seconds,
    };
  });
}

/** Returns the root in which the work of a row runs with a tree, over a host or, without one, alone. */
export function workRoot(
  tree: string,
  manifest: Manifest,
  { staging, host: systemd }: Places,
  host: string | undefined,
): Omit<WorkRoot, 'scratch'> {
  const decoys = decoyNames(manifest, [tree, ...(host === undefined ? [] : [host])]);
  return { staging, tree, host, systemd, decoys, wrappers: wrappersOf(manifest) };
}

function wrappersOf({ files }: Manifest): Set<string> {
  return new Set(files.flatMap(({ role, path: file }) => (role === 'wrapper' ? [file] : [])));
}

function fixesOf(row: Row, trial: Trial): string[] {
  return printedOptions(trialText({ command: [row.name], status: 1, compared: true, trial }, style(false)));
}

function privateDirectories({ files }: Manifest): string[] {
  return [...new Set(files.filter(({ role }) => role === 'library').map(file => path.dirname(file.path)))];
}

const DEFAULT_DIRECTORIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib', 'usr/lib64'];

/**
 * Returns the names of private libraries that neither the tree nor the host has in a default directory. A decoy of a library of the host
 * would break its programs; those libraries are decoys themselves, since they are of another release. Libraries of the
 * host's driver are its own by design (docs/flatwrap.md).
 */
function decoyNames({ files }: Manifest, roots: readonly string[]): string[] {
  const names = files
    .filter(
      ({ role, path: file, link }) =>
        (role === 'library' || /\/lib\/[^/]+-linux-[^/]+\/[^/]+\.so\.\d+$/.test(file)) &&
        link?.includes(`/${path.basename(HOSTS_USR)}/`) !== true,
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
