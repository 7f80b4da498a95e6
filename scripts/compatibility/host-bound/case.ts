import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { readManifest } from '../../../src/manifest/read-manifest.ts';
import type { Manifest } from '../../../src/manifest/manifest.ts';
import { hostOf } from '../../../src/audit/merge.ts';
import { libraryFinder } from '../../../src/resolve/by-name.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { walk } from '../../../src/view/walk.ts';
import { program } from '../../../test/lab/flix.ts';
import { hostWorkPlace, loadersPlace, readCached, writeCached } from '../cache.ts';
import { digestOfTree, withDirectory } from '../tree.ts';
import { labRoot } from '../../../test/lab/roots.ts';
import type { Release, Row } from '../row.ts';
import { runWork } from '../run.ts';
import { type Difference, differencesOf } from './differences.ts';
import { askLoaders, LOADER, type LoaderTruth } from './loaders.ts';
import { type Overlaid, overlaid } from './overlaid.ts';
import { copiedByLdd } from './copied-by-ldd.ts';

/** A program of a release, and the hosts for which it is vendored. */
export interface Case {
  readonly row: Row;
  readonly release: Release;
  readonly hosts: readonly Release[];
}

/** How much an extension brings. */
export interface Brought {
  readonly files: number;
  readonly bytes: number;
}

/** Whether the work of a row succeeded over a host. */
export interface Worked {
  readonly host: Release;
  readonly works: boolean;
  readonly reason?: string;
}

export interface CaseResult {
  readonly name: string;
  readonly release: Release;
  readonly hosts: readonly Release[];
  readonly packages: readonly string[];
  /** Why `flix vendor` refused; then nothing else was tried. */
  readonly refused?: string;
  readonly made?: Made;
}

export interface Made {
  readonly flix: Brought;
  readonly seconds: number;
  /** Paths that are hidden on a host. */
  readonly shadowed: readonly string[];
  /** How many private libraries it has. */
  readonly libraries: number;
  /** Those of them whose name a library of a host has, each with the reason why that one does not fit. */
  readonly despiteHost: readonly string[];
  readonly work: readonly Worked[];
  readonly truth: LoaderTruth;
  readonly ldd: Brought & { readonly work: readonly Worked[] };
  /** Over a host of the release of the programs. */
  readonly overlay: Brought & Pick<Overlaid, 'replaced'>;
  /** The differences from the overlay, file by file; only if the only host is of the release of the programs. */
  readonly differences?: readonly Difference[];
}

interface CaseRoots {
  readonly staging: string;
  /** An empty directory. */
  readonly scratch: string;
}

/** Vendors a row for its hosts, tries the extension there, asks the loaders, and compares it with the other ways. */
export async function resultOfCase(
  { row, release, hosts }: Case,
  { staging, scratch }: CaseRoots,
): Promise<CaseResult> {
  const packages = row.vendor.filter(argument => !argument.startsWith('-'));
  const head = { name: row.name, release, hosts, packages };
  const roots = await Promise.all(
    hosts.map(async host => ({ host, root: fs.realpathSync(await labRoot(`host-${host}`)) })),
  );
  const tree = path.join(scratch, 'flix');
  const given = roots.flatMap(({ root }) => ['--host', root]);
  const from = performance.now();
  const { exitCode, all } = await execa(
    process.execPath,
    [program, 'vendor', staging, ...row.vendor, ...given, '--name', 'flix', '--out', tree],
    { reject: false, all: true, stdin: 'ignore', cwd: scratch },
  );
  const seconds = (performance.now() - from) / 1000;
  if (exitCode !== 0) return { ...head, refused: all.replaceAll(staging, 'ROOT').trim() };
  const manifest = manifestOf(tree);
  const hostRoots = roots.map(({ root }) => root);
  const overlay = await overlaid(packages, release, scratch);
  const copied = await copiedByLdd(programsOf(manifest), staging, hostRoots, scratch);
  const work = async (directory: string) => {
    const digest = digestOf(directory);
    const worked: Worked[] = [];
    for (const { host, root } of roots)
      worked.push({
        host,
        ...(await cached(hostWorkPlace(row, { tree: digest, hosts: [root] }, staging), () =>
          workOver(row, directory, staging, root, scratch),
        )),
      });
    return worked;
  };
  const views = roots.map(({ root }) => hostOf(directoryView(root)).view);
  const despiteHost = (manifest.host?.choices ?? []).filter(
    ({ name, from: source }) =>
      source === 'tree' && views.some(view => libraryFinder(view, LOADER)(name) !== undefined),
  );
  return {
    ...head,
    made: {
      flix: broughtBy(tree),
      seconds,
      shadowed: shadowedBy(tree, hostRoots),
      libraries: manifest.files.filter(({ role, link }) => role === 'library' && link === undefined).length,
      despiteHost: despiteHost.map(({ name, because }) => `${name}: ${because}`),
      work: await work(tree),
      truth: await cached(loadersPlace({ tree: digestOf(tree), hosts: hostRoots }), () =>
        askLoaders(tree, manifest, hostRoots, scratch),
      ),
      ldd: { ...broughtBy(copied), work: await work(copied) },
      overlay: { ...sum(overlay.files.filter(({ type }) => type === 'f')), replaced: overlay.replaced },
      ...(hosts.length === 1 &&
        hosts[0] === release && { differences: differencesOf(tree, manifest, overlay, packages) }),
    },
  };
}

const MANIFEST = '/usr/local/flix/manifest.json';

/** The digest of a tree is the same in each release of flix that writes the same files. */
function digestOf(tree: string): string {
  return digestOfTree(tree, MANIFEST, ['flix']);
}

/** Returns what the file at a place of the cache holds, or makes and writes it. */
async function cached<T>(place: string, make: () => Promise<T>): Promise<T> {
  const known = readCached(place) as T | undefined;
  if (known !== undefined) return known;
  const made = await make();
  writeCached(place, made);
  return made;
}

function manifestOf(tree: string): Manifest {
  const read = readManifest(fs.readFileSync(tree + MANIFEST, 'utf8'));
  if (!read || !('manifest' in read)) throw new Error(`${tree} has no manifest`);
  return read.manifest;
}

/** Returns the programs of the packages, and the links to them, by their paths in the staging root. */
function programsOf({ files }: Manifest): string[] {
  return files.flatMap(({ role, path: file, link, origin }) =>
    role === 'entry' && origin
      ? [origin.path]
      : link !== undefined && /^\/usr\/s?bin\//.test(file)
        ? [file]
        : [],
  );
}

async function workOver(
  row: Row,
  tree: string,
  staging: string,
  host: string,
  scratch: string,
): Promise<Omit<Worked, 'host'>> {
  return await withDirectory(scratch, 'work', async directory => {
    const root = { staging, tree, host, systemd: host, decoys: undefined, wrappers: new Set<string>() };
    const { works, reason } = await runWork(row, { ...root, scratch: directory });
    return { works, ...(reason !== undefined && { reason }) };
  });
}

function shadowedBy(tree: string, hosts: readonly string[]): string[] {
  const entries = [...walk(directoryView(tree), '/')].filter(({ kind }) => kind !== 'directory');
  return hosts.flatMap(host => {
    const view = directoryView(host);
    return entries.filter(entry => view.kind(entry.path) !== undefined).map(entry => entry.path);
  });
}

function broughtBy(tree: string): Brought {
  const entries = fs.readdirSync(tree, { recursive: true, withFileTypes: true });
  return sum(
    entries.flatMap(entry =>
      entry.isFile() ? [{ size: fs.statSync(path.join(entry.parentPath, entry.name)).size }] : [],
    ),
  );
}

function sum(files: readonly { readonly size: number }[]): Brought {
  return { files: files.length, bytes: files.reduce((total, { size }) => total + size, 0) };
}
