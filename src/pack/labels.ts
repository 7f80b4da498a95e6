import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { type LabelOf, writeFileContexts } from '../systemd/file-contexts.ts';
import { labelsIn, selinuxOf } from '../systemd/selinux.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/**
 * Reads the labels that a target's policy assigns, from its `file_contexts` and the files beside it, or from the root of
 * a host. Throws `FlixError`: `no-file-contexts`, `bad-file-contexts`.
 */
export function openFileContexts(given: string): LabelOf {
  const stat = fs.statSync(given, { throwIfNoEntry: false });
  if (!stat) throw noFileContexts(`${given} does not exist`);
  if (!stat.isDirectory()) {
    const beside = directoryView(path.dirname(path.resolve(given)), { label: given });
    return readPolicy(beside, `/${path.basename(given)}`);
  }
  const host = directoryView(given, { label: given });
  const fileContexts = selinuxOf(host)?.fileContexts;
  if (fileContexts !== undefined) return readPolicy(host, fileContexts);
  throw noFileContexts(`${given} has no etc/selinux/config with a SELINUXTYPE=`);
}

function readPolicy(view: View, file: string): LabelOf {
  const labels = labelsIn(view, file);
  if (!labels) throw noFileContexts(`${view.label} has no readable ${file.slice(1)}`);
  return labels;
}

function noFileContexts(message: string): FlixError {
  return new FlixError(
    'input',
    'no-file-contexts',
    message,
    'Give the file_contexts of the target’s policy, or the root of the target, with --file-contexts.',
  );
}

/**
 * Labels the paths of a tree. A file that was copied from a root gets the label of its original path: a copy of
 * /usr/lib/x86_64-linux-gnu/libc.so.6 in a private directory is labelled as the original.
 *
 * @param originalPath the path of a file in the root from which it was copied; `undefined`: unknown
 */
export function labelsOf(policy: LabelOf, originalPath: (path: string) => string | undefined): LabelOf {
  return (at, kind) => policy((kind === 'directory' ? undefined : originalPath(at)) ?? at, kind);
}

/**
 * The `file_contexts` for mkfs.erofs, which looks labels up by itself.
 *
 * @param more the path of a file that is added to the tree
 */
export function fileContextsOf(tree: View, more: string | undefined, labels: LabelOf): string {
  const entries = new Map<string, 'file' | 'directory' | 'link'>([['/', 'directory']]);
  for (const top of tree.list('/').keys()) {
    entries.set(`/${top}`, 'directory');
    for (const { path: at, kind } of walk(tree, `/${top}`)) if (kind !== 'other') entries.set(at, kind);
  }
  for (let at = more ?? ''; at !== ''; at = at.slice(0, at.lastIndexOf('/')))
    if (!entries.has(at)) entries.set(at, at === more ? 'file' : 'directory');
  return writeFileContexts([...entries].map(([at, kind]) => ({ path: at, kind, label: labels(at, kind) })));
}
