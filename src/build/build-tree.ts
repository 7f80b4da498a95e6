import fs from 'node:fs';
import nodePath from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DigestQueue } from '../io/sha256.ts';
import type { Progress } from '../io/progress.ts';
import { mayHaveOpenings, openingsOf } from '../plan/openings.ts';
import type { Opening, Plan, PlannedFile, Remark } from '../plan/plan.ts';
import { basename } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { copyFile } from './copy.ts';
import type { Digest } from './digest.ts';
import { clearedCapabilities } from './capabilities.ts';
import { clearedBits } from './mode.ts';
import { makeDirectory, writeText } from './own-files.ts';
import { patchFiles } from './patch.ts';

/** A tree as it was written, before anything is proven of it. */
export interface BuiltTree {
  /** A directory of this machine. */
  readonly directory: string;
  /** Of every file that was copied, by its place in the tree; they are still being worked on. */
  readonly digests: Promise<ReadonlyMap<string, Digest>>;
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
  const copies: string[] = [];
  const queue = new DigestQueue();
  const grown = patchedLater(plan.files);
  const originals = new Map<string, string>();
  const openings: Opening[] = [];
  const remarks: Remark[] = await clearedCapabilities(plan.files);
  const written = new Map<string, string>();
  fs.chmodSync(directory, 0o755);
  for (const file of plan.files) {
    options.progress.step(`writing ${file.target}`);
    const target = directory + file.target;
    makeDirectory(nodePath.dirname(target));
    writeEntry(file, target);
    if (
      file.content.kind === 'copy' &&
      !grown.has(file.target) &&
      queue.add(target, fs.statSync(target).size)
    )
      await nextTurn();
  }
  await patchFiles(plan.files, directory);
  restoreDirectories(plan.files, directory);
  for (const target of grown) queue.add(directory + target, 0);
  return { directory, digests: digestsOf(directory, copies, originals, queue), openings, remarks };

  function writeEntry(file: PlannedFile, target: string): void {
    const { content } = file;
    switch (content.kind) {
      case 'directory':
      case 'mount-point':
        makeDirectory(target);
        return;
      case 'link':
        fs.symlinkSync(content.to, target);
        return;
      case 'text':
        writeText(target, content.text, content.executable);
        return;
      case 'copy':
        writeCopy(file, content, target);
        copies.push(file.target);
        openings.push(...openingsAt(content.view, content.path, file));
    }
  }

  function writeCopy(
    file: PlannedFile,
    content: Extract<PlannedFile['content'], { kind: 'copy' }>,
    target: string,
  ): void {
    const { view, path, edits } = content;
    const stat = view.stat(path);
    remarks.push(...clearedBits(file.target, stat));
    // hard links of the source stay hard links, as long as they hold the same
    const key = `${stat.id} ${JSON.stringify(edits, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))}`;
    const twin = written.get(key);
    if (twin !== undefined) {
      fs.linkSync(directory + twin, target);
      if (originals.has(twin)) originals.set(file.target, originals.get(twin)!);
      return;
    }
    written.set(key, file.target);
    const { hostPath } = view.source(path);
    const own = view === options.replaces && hostPath !== undefined;
    // a hard link would keep the capabilities of a program
    const program = file.role === 'entry' || file.role === 'program';
    if (own && !program && edits.length === 0 && (stat.mode & 0o6000) === 0) {
      fs.linkSync(hostPath, target);
      return;
    }
    const before = copyFile(view, path, target, edits);
    if (before !== undefined) originals.set(file.target, before);
  }
}

/** Files that patchelf works on once all are written. */
function patchedLater(files: readonly PlannedFile[]): ReadonlySet<string> {
  const patched = files.filter(
    ({ content }) => content.kind === 'copy' && content.edits.some(({ kind }) => kind !== 'bytes'),
  );
  return new Set(patched.map(({ target }) => target));
}

async function digestsOf(
  directory: string,
  copies: readonly string[],
  originals: ReadonlyMap<string, string>,
  queue: DigestQueue,
): Promise<ReadonlyMap<string, Digest>> {
  const digests = await queue.finish();
  return new Map(
    copies.map(target => {
      const after = digests.get(directory + target)!;
      const { size } = fs.statSync(directory + target);
      return [target, { size, before: originals.get(target) ?? after, after }];
    }),
  );
}

/** Only of what is known to have any is the content looked at. */
function openingsAt(view: View, path: string, { target, role }: PlannedFile): Opening[] {
  const name = basename(target);
  if (role === 'resource' || !mayHaveOpenings(name)) return [];
  const content = readBytes(view, path);
  return content ? openingsOf(name, target, content) : [];
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
