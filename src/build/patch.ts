import { statSync, utimesSync } from 'node:fs';
import { FlixError } from '../errors.ts';
import { requireTool } from '../io/probe.ts';
import { run } from '../io/spawn.ts';
import type { PlannedFile } from '../plan/plan.ts';
import { patchelfCalls } from '../relocate/patchelf.ts';
import { directoryView } from '../view/directory.ts';
import { digestFile } from './copy.ts';

/**
 * Lets patchelf do what cannot be done in place; files with the same edits share one call.
 *
 * @returns what each patched file became, by its place in the tree
 */
export async function patchFiles(
  files: readonly PlannedFile[],
  directory: string,
): Promise<Map<string, { after: string; size: number }>> {
  const groups = new Map<string, string[]>();
  const calls = new Map<string, string[][]>();
  let version: string | undefined;
  for (const { target, content } of files) {
    if (content.kind !== 'copy' || !content.edits.some(({ kind }) => kind !== 'bytes')) continue;
    version ??= (await requireTool('patchelf')).version;
    const arguments_ = patchelfCalls(content.edits, version ?? 'unknown');
    const key = JSON.stringify(arguments_);
    calls.set(key, arguments_);
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  const patched = new Map<string, { after: string; size: number }>();
  for (const [key, targets] of groups) {
    const paths = targets.map(target => directory + target);
    const times = paths.map(path => statSync(path).mtime);
    for (const arguments_ of calls.get(key)!) await patchelf([...arguments_, ...paths]);
    paths.forEach((path, i) => utimesSync(path, times[i]!, times[i]!));
    const tree = directoryView(directory, { label: 'the finished tree' });
    for (const target of targets) {
      const { after, size } = digestFile(tree, target);
      patched.set(target, { after, size });
    }
  }
  return patched;
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
      'Another version of patchelf may help: flix doctor names the known-bad ones.',
    );
  }
}
