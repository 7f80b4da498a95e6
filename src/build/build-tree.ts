import fs from 'node:fs';
import nodePath from 'node:path';
import type { Progress } from '../io/progress.ts';
import { openingsOf } from '../plan/openings.ts';
import type { Opening, Plan, PlannedFile, Remark } from '../plan/plan.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { copyFile, type Digest, digestFile } from './copy.ts';
import { clearedCapabilities } from './capabilities.ts';
import { clearedBits } from './mode.ts';
import { makeDirectory, writeText } from './own-files.ts';
import { patchFiles } from './patch.ts';

/** A tree as it was written, before anything is proven of it. */
export interface BuiltTree {
  /** A directory of this machine. */
  readonly directory: string;
  /** Of every copied file, by its place in the tree. */
  readonly digests: ReadonlyMap<string, Digest>;
  readonly openings: readonly Opening[];
  readonly remarks: readonly Remark[];
}

export interface BuildOptions {
  /** The root whose place the tree will take: what nothing changes of it is linked, not copied. No other root's is. */
  readonly replaces: View | undefined;
  readonly progress: Progress;
}

/** Carries a plan out in an empty directory. Throws `FlixError` where the source changed or patchelf fails. */
export async function buildTree(plan: Plan, directory: string, options: BuildOptions): Promise<BuiltTree> {
  const digests = new Map<string, Digest>();
  const openings: Opening[] = [];
  const remarks: Remark[] = await clearedCapabilities(plan.files);
  const written = new Map<string, string>();
  fs.chmodSync(directory, 0o755);
  for (const file of plan.files) {
    options.progress.step(`writing ${file.target}`);
    const target = directory + file.target;
    makeDirectory(nodePath.dirname(target));
    writeEntry(file, target);
  }
  for (const [target, after] of await patchFiles(plan.files, directory))
    digests.set(target, { ...digests.get(target)!, ...after });
  restoreDirectories(plan.files, directory);
  return { directory, digests, openings, remarks };

  function writeEntry(file: PlannedFile, target: string): void {
    const { content } = file;
    switch (content.kind) {
      case 'directory':
        makeDirectory(target);
        return;
      case 'link':
        fs.symlinkSync(content.to, target);
        return;
      case 'text':
        writeText(target, content.text);
        return;
      case 'copy':
        digests.set(file.target, writeCopy(file, content, target));
    }
  }

  function writeCopy(
    file: PlannedFile,
    content: Extract<PlannedFile['content'], { kind: 'copy' }>,
    target: string,
  ): Digest {
    const { view, path, edits } = content;
    const stat = view.stat(path);
    remarks.push(...clearedBits(file.target, stat));
    // hard links of the source stay hard links, as long as they hold the same
    const key = `${stat.id} ${JSON.stringify(edits, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))}`;
    const twin = written.get(key);
    if (twin !== undefined) {
      fs.linkSync(directory + twin, target);
      return digests.get(twin)!;
    }
    written.set(key, file.target);
    const inspect = (bytes: Uint8Array) =>
      void openings.push(...openingsOf(basename(file.target), file.target, bytes));
    const { hostPath } = view.source(path);
    const own = view === options.replaces && hostPath !== undefined;
    // a hard link would keep the capabilities of a program
    const program = file.role === 'entry' || file.role === 'program';
    if (!own || program || edits.length > 0 || (stat.mode & 0o6000) !== 0)
      return copyFile(view, path, target, edits, inspect);
    fs.linkSync(hostPath, target);
    return digestFile(view, path, inspect);
  }
}

/** Last of all, since a directory's times change with what is written into it, and its mode may forbid to write. */
function restoreDirectories(files: readonly PlannedFile[], directory: string): void {
  for (const { target, content } of [...files].reverse()) {
    if (content.kind !== 'directory') continue;
    const { mode, mtime } = content.view.stat(content.path);
    fs.chmodSync(directory + target, mode & 0o1777);
    fs.utimesSync(directory + target, mtime, mtime);
  }
}
