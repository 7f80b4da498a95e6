import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from '../../src/manifest/manifest.ts';
import type { Part } from './measure.ts';

/** The regular files of a tree, by their paths inside it. */
export function filesOf(tree: string): Part[] {
  return entriesOf(tree).flatMap(place => {
    const stat = fs.lstatSync(tree + place);
    return stat.isFile() ? [{ path: place, bytes: stat.size }] : [];
  });
}

/**
 * Returns a digest of everything in a tree: paths, owners, modes, links and contents, without some fields of the manifest: by
 * default the reason for the mode, which a tree has only if `--mode auto` chose it.
 *
 * @param manifest its path in the tree; the tree need not have it
 */
export function digestOfTree(
  tree: string,
  manifest: string,
  without: readonly (keyof Manifest)[] = ['modeBecause'],
): string {
  const hash = createHash('sha256');
  for (const place of entriesOf(tree)) {
    const file = tree + place;
    const stat = fs.lstatSync(file);
    hash.update(`${place}\0${stat.mode} ${stat.uid} ${stat.gid}\0`);
    if (stat.isSymbolicLink()) hash.update(fs.readlinkSync(file));
    else if (place === manifest) hash.update(withoutFields(fs.readFileSync(file, 'utf8'), without));
    else if (stat.isFile()) hash.update(createHash('sha256').update(fs.readFileSync(file)).digest());
  }
  return hash.digest('hex');
}

function withoutFields(manifest: string, fields: readonly string[]): string {
  const left = Object.entries(JSON.parse(manifest) as object).filter(([name]) => !fields.includes(name));
  return JSON.stringify(Object.fromEntries(left));
}

function entriesOf(tree: string): string[] {
  return fs
    .readdirSync(tree, { recursive: true, withFileTypes: true })
    .map(entry => path.join(entry.parentPath, entry.name).slice(tree.length))
    .sort();
}

/** Makes an empty directory, and removes it after use. */
export async function withDirectory<T>(
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
