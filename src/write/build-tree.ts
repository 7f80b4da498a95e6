import fs from 'node:fs';
import nodePath from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { changedWhileRead } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { identityOf, type Plan, type PlannedFile } from '../plan/plan.ts';
import { type Manifest, manifestPath, type Remark } from '../manifest/manifest.ts';
import type { View } from '../view/view.ts';
import { copyFile } from './copy.ts';
import { clearedBits, clearedCapabilities, clearedOwner } from './cleared.ts';
import { makeDirectory, writeText } from './own-files.ts';
import { patchFiles } from './patch.ts';

/** A tree that was written and not yet proved. */
export interface BuiltTree {
  /** A directory of this machine. */
  readonly directory: string;
  /** Hexadecimal SHA-256 of the sources of edited files, by their paths in the tree. */
  readonly originals: ReadonlyMap<string, string>;
  /** Follow from the files that were copied: the manifest may hold them. */
  readonly remarks: readonly Remark[];
  /** Depend on the user who runs flix and on its tools: the manifest must not hold them. */
  readonly localRemarks: readonly Remark[];
  /** `not read`: getcap is not installed. */
  readonly capabilities: 'read' | 'not read';
}

export interface BuildOptions {
  /** The root that the tree will replace: its unchanged files are hard links, not copies. */
  readonly replaces: View | undefined;
  readonly progress: Progress;
}

/** After so many files, the event loop gets a turn for signals and running tools. */
const FILES_IN_A_TURN = 32;

/** Carries out a plan in an empty directory. Throws `FlixError` if a source changed or patchelf fails. */
export async function buildTree(plan: Plan, directory: string, options: BuildOptions): Promise<BuiltTree> {
  const originals = new Map<string, string>();
  const remarks: Remark[] = [];
  const owners: Remark[] = [];
  const capabilities = clearedCapabilities(plan.files); // getcap runs while files are copied
  capabilities.catch(() => undefined); // thrown below
  const written = new Map<string, string>();
  let count = 0;
  fs.chmodSync(directory, 0o755);
  for (const file of plan.files) {
    options.progress.step(`writing ${file.target}, ${file.why}`, {
      number: count + 1,
      total: plan.files.length,
    });
    const target = directory + file.target;
    makeDirectory(nodePath.dirname(target));
    writeEntry(file, target);
    if (++count % FILES_IN_A_TURN === 0) await nextTurn();
  }
  await patchFiles(plan.files, directory);
  restoreDirectories(plan.files, directory);
  const cleared = await capabilities;
  return {
    directory,
    originals,
    remarks,
    localRemarks: [...owners, ...(cleared ?? [])],
    capabilities: cleared ? 'read' : 'not read',
  };

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
    owners.push(...clearedOwner(file.target, stat));
    const key = identityOf(content, stat.id);
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
      linkUnchanged(hostPath, target, stat.id);
      return;
    }
    const before = copyFile(view, path, target, edits, stat);
    if (before !== undefined) originals.set(file.target, before);
  }
}

/** Makes a hard link to a file, unless the path leads to another file by now. @param id as in `Stat` */
function linkUnchanged(from: string, to: string, id: string): void {
  fs.linkSync(from, to);
  const { dev, ino } = fs.lstatSync(to, { bigint: true });
  if (id === `${dev}:${ino}`) return;
  fs.rmSync(to);
  throw changedWhileRead(from);
}

/** Sets modes and times of directories, last of all: writing changes the times, and a mode may forbid writing. */
function restoreDirectories(files: readonly PlannedFile[], directory: string): void {
  for (const { target, content } of [...files].reverse()) {
    if (content.kind !== 'directory') continue;
    const { mode, mtime } = content.view.stat(content.path);
    fs.chmodSync(directory + target, mode & 0o1777);
    fs.utimesSync(directory + target, mtime, mtime);
  }
}

/** Writes the manifest, the last file of a tree. Returns what the file holds. */
export function writeManifest(directory: string, manifest: Manifest): string {
  const text = `${JSON.stringify(manifest, undefined, 1)}\n`;
  writeText(directory + manifestPath(manifest), text);
  return text;
}
