import fs, { statSync, utimesSync } from 'node:fs';
import { FlixError } from '../errors.ts';
import { requireTool } from '../io/probe.ts';
import { run } from '../io/spawn.ts';
import type { Content, PlannedFile } from '../plan/plan.ts';
import { knownBadPatchelf, patchelfCalls } from '../relocate/patchelf.ts';
import { readTraits } from '../relocate/traits.ts';
import { directoryView } from '../view/directory.ts';
import { objectAt } from '../view/object.ts';
import { applyBytes, type Edit, isPatchelfEdit } from '../relocate/edit.ts';
import { propertyHeaderEdit } from '../relocate/property-header.ts';
import type { View } from '../view/view.ts';
import { editable } from './own-files.ts';

type Copy = Extract<Content, { kind: 'copy' }>;

/** Makes the edits that need patchelf; files with the same edits share one call. */
export async function patchFiles(files: readonly PlannedFile[], directory: string): Promise<void> {
  const groups = new Map<string, PlannedFile[]>();
  const calls = new Map<string, string[][]>();
  let version: string | undefined;
  for (const file of files) {
    const { content } = file;
    if (content.kind !== 'copy' || !content.edits.some(isPatchelfEdit)) continue;
    version ??= (await requireTool('patchelf')).version;
    refuseKnownBad(file.target, content, version ?? 'unknown');
    const arguments_ = patchelfCalls(content.edits, version ?? 'unknown');
    const key = JSON.stringify(arguments_);
    calls.set(key, arguments_);
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  for (const [key, group] of groups) {
    const paths = group.map(({ target }) => directory + target);
    const times = paths.map(path => statSync(path).mtime);
    for (const arguments_ of calls.get(key)!) await patchelf([...arguments_, ...paths]);
    const tree = directoryView(directory, { label: 'the finished tree' });
    for (const file of group) repairPatched(file, tree, directory);
    paths.forEach((path, i) => utimesSync(path, times[i]!, times[i]!));
  }
}

/** Refuses files that this patchelf is known to damage, because it reports nothing and not all damage can be detected. */
function refuseKnownBad(target: string, { view, path, edits }: Copy, version: string): void {
  const { facts } = objectAt(view, path);
  if (!facts) return;
  const file = view.open(path);
  try {
    const reason = knownBadPatchelf(version, facts, edits, readTraits(file, facts));
    if (reason !== undefined)
      throw new FlixError(
        'proof',
        'patchelf-trap',
        `${target}: ${reason}`,
        `This is patchelf ${version}. flix does not need it without --seal none and with a shorter --name or --prefix.`,
      );
  } finally {
    file.close();
  }
}

async function patchelf(args: readonly string[]): Promise<void> {
  try {
    await run('patchelf', args);
  } catch (error) {
    if (!(error instanceof FlixError) || error.code !== 'tool-failed') throw error;
    throw new FlixError(
      'proof',
      'patchelf-failed',
      error.message,
      'Try another version of patchelf; “flix doctor” names the known-bad ones.',
    );
  }
}

/** Repairs the property header that patchelf leaves broken. @param tree a view made after patchelf ran */
function repairPatched({ target, content }: PlannedFile, tree: View, directory: string): void {
  if (content.kind !== 'copy') return;
  const [before, after] = [objectAt(content.view, content.path).facts, objectAt(tree, target).facts];
  if (!before || !after) return;
  const [source, patched] = [content.view.open(content.path), tree.open(target)];
  try {
    const repair = propertyHeaderEdit({ reader: source, facts: before }, { reader: patched, facts: after });
    if (repair) edit(directory + target, [repair]);
  } finally {
    source.close();
    patched.close();
  }
}

function edit(path: string, edits: readonly Edit[]): void {
  const fd = fs.openSync(path, 'r+');
  try {
    applyBytes(editable(fd), edits);
  } finally {
    fs.closeSync(fd);
  }
}
