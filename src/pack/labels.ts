import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { directoryView } from '../view/directory.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { type LabelOf, readFileContexts, writeFileContexts } from './file-contexts.ts';

/** Where a host keeps its policy; ostree systems ship it below /usr/etc. */
const CONFIGURATIONS = ['/etc/selinux', '/usr/etc/selinux'];

/**
 * The labels that a target's policy gives: from its `file_contexts` and what stands beside it, or from the root of a
 * host. Throws `FlixError`: `no-file-contexts`, `bad-file-contexts`.
 */
export function openFileContexts(given: string): LabelOf {
  const stat = fs.statSync(given, { throwIfNoEntry: false });
  if (!stat) throw none(`${given} is not there`);
  if (!stat.isDirectory()) {
    const beside = directoryView(path.dirname(path.resolve(given)), { label: given });
    return readPolicy(beside, `/${path.basename(given)}`);
  }
  const host = directoryView(given, { label: given });
  for (const directory of CONFIGURATIONS) {
    const type = parseAssignments(readText(host, `${directory}/config`) ?? '').get('SELINUXTYPE');
    if (type !== undefined) return readPolicy(host, `${directory}/${type}/contexts/files/file_contexts`);
  }
  throw none(`${given} has no ${CONFIGURATIONS[0]!.slice(1)}/config with a SELINUXTYPE=`);
}

function readPolicy(view: View, file: string): LabelOf {
  const read = (suffix: string) => readText(view, file + suffix) ?? '';
  if (read('') === '') throw none(`${view.label} has no ${file.slice(1)} that can be read`);
  return readFileContexts([read(''), read('.homedirs'), read('.local')], [read('.subs'), read('.subs_dist')]);
}

function none(message: string): FlixError {
  return new FlixError(
    'input',
    'no-file-contexts',
    message,
    'name the file_contexts of the target’s policy, or the root of the target',
  );
}

/**
 * Labels for the paths of a tree: that of the path itself, or of the one that a file had in the root from which it was
 * taken: what a policy says of /usr/lib/x86_64-linux-gnu/libc.so.6 is true of it in a private directory too.
 *
 * @param originalPath `undefined`: nothing is known of the file but where it stands
 */
export function labelsOf(policy: LabelOf, originalPath: (path: string) => string | undefined): LabelOf {
  return (at, kind) => policy((kind === 'directory' ? undefined : originalPath(at)) ?? at, kind);
}

/** What mkfs.erofs is given, which looks labels up by itself. */
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
