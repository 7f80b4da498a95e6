import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { databaseOf, packageNamed } from '../../src/packages/database.ts';
import type { Database, Package } from '../../src/packages/package.ts';
import { follow } from '../../src/view/follow.ts';
import { parent } from '../../src/view/path.ts';
import { readText } from '../../src/view/text.ts';
import type { View } from '../../src/view/view.ts';

/** What a layer of an overlayfs changes in a root, so that it contains only some of its packages. */
export interface Hidden {
  /** Files, links and whole directories. */
  readonly paths: readonly string[];
  /** Alternatives (update-alternatives(1)) that lead to a hidden program; another one takes over. */
  readonly links: ReadonlyMap<string, string>;
}

/**
 * Returns the files of a root whose packages apt would not install with the named ones: neither these packages, nor their
 * dependencies, nor the essential packages.
 */
export function hiddenBeside(view: View, names: readonly string[]): Hidden {
  const known = databaseOf(view);
  if (!known) return { paths: [], links: new Map() };
  const kept = withDependencies(known, names);
  const keptPaths = new Set([...kept].flatMap(owner => known.filesOf(owner)).map(placed));
  const others = known.packages.filter(owner => !kept.has(owner)).flatMap(owner => known.filesOf(owner));
  const hidden = new Set(others.map(placed).filter(file => !keptPaths.has(file)));
  const isHidden = (file: string) => {
    for (let at = file; at !== '/'; at = parent(at)) if (hidden.has(at)) return true;
    return false;
  };
  const topmost = [...hidden].filter(file => !isHidden(parent(file)) && view.kind(file) !== undefined);
  const links = alternatives(view, isHidden);
  const dangling = linksBelow(view, '/etc').filter(link => {
    const { path: target } = follow(view, link);
    return target !== undefined && isHidden(target) && !links.has(link) && !isHidden(link);
  });
  return { paths: [...topmost, ...dangling].sort(), links };
}

/** Returns the named packages, the essential ones, and their dependencies. The first installed alternative counts. */
function withDependencies(known: Database, names: readonly string[]): Set<Package> {
  const kept = new Set<Package>();
  const add = (owner: Package) => {
    if (kept.has(owner)) return;
    kept.add(owner);
    for (const choice of owner.depends) {
      const found = choice.map(name => packageNamed(known, name, owner)?.found).find(Boolean);
      if (found) add(found);
    }
  };
  for (const owner of known.packages) if (owner.essential) add(owner);
  for (const name of names) {
    const found = packageNamed(known, name)?.found;
    if (found) add(found);
  }
  return kept;
}

/** Returns the path below /usr of a file that a package from before the usr-merge has in /bin, /sbin or /lib. */
function placed(file: string): string {
  return /^\/(?:bin|sbin|lib\w*)(?:\/|$)/.test(file) ? `/usr${file}` : file;
}

const ADMINISTRATION = '/var/lib/dpkg/alternatives';

/** Returns the links of /etc/alternatives that lead to hidden files, with the best target that is left. */
function alternatives(view: View, isHidden: (file: string) => boolean): Map<string, string> {
  const links = new Map<string, string>();
  for (const name of view.list(ADMINISTRATION).keys()) {
    const { group, choices } = readAlternatives(readText(view, `${ADMINISTRATION}/${name}`) ?? '');
    const [best] = choices
      .filter(([target]) => {
        const real = follow(view, target!).path;
        return real !== undefined && !isHidden(real);
      })
      .sort((a, b) => Number(b[1]) - Number(a[1]));
    const current = follow(view, `/etc/alternatives/${name}`).path;
    if (!best || current === undefined || !isHidden(current)) continue;
    const targets = [best[0]!, ...best.slice(2)];
    for (const [at, each] of [name, ...group].entries())
      if (targets[at]) links.set(`/etc/alternatives/${each}`, targets[at]);
  }
  return links;
}

/**
 * Reads the file of one group: its mode, the link, pairs of a further name and its link, and after an empty line the
 * choices, each with its target, priority and one target for each further name.
 */
function readAlternatives(text: string): {
  readonly group: readonly string[];
  readonly choices: readonly string[][];
} {
  const lines = text.split('\n');
  const end = lines.indexOf('', 2);
  const group = lines.slice(2, end).filter((_, at) => at % 2 === 0);
  const choices: string[][] = [];
  for (let at = end + 1; lines[at]; at += 2 + group.length)
    choices.push(lines.slice(at, at + 2 + group.length));
  return { group, choices };
}

function linksBelow(view: View, directory: string): string[] {
  return [...view.list(directory)].flatMap(([name, kind]) => {
    const place = `${directory}/${name}`;
    return kind === 'directory' ? linksBelow(view, place) : kind === 'link' ? [place] : [];
  });
}

/** Writes a layer that hides paths of the root below it. Files that the layer already has stay. */
export function writeHidden({ paths, links }: Hidden, layer: string, root: string): void {
  fs.mkdirSync(layer, { recursive: true });
  const whiteout = path.join(layer, '.whiteout');
  execaSync('mknod', [whiteout, 'c', '0', '0']);
  const free = (name: string) => {
    mirrorDirectory(parent(name), layer, root);
    return fs.lstatSync(layer + name, { throwIfNoEntry: false }) === undefined;
  };
  for (const name of paths) if (free(name)) fs.linkSync(whiteout, layer + name);
  for (const [name, target] of links) if (free(name)) fs.symlinkSync(target, layer + name);
  fs.rmSync(whiteout);
}

/** Makes a directory of the layer with the owner and mode of that of the root. */
function mirrorDirectory(name: string, layer: string, root: string): void {
  if (fs.existsSync(layer + name)) return;
  mirrorDirectory(parent(name), layer, root);
  fs.mkdirSync(layer + name);
  const { uid, gid, mode } = fs.lstatSync(root + name);
  fs.chownSync(layer + name, uid, gid);
  fs.chmodSync(layer + name, mode & 0o7777);
}
