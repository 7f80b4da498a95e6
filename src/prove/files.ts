import { PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_LOAD, PT_NOTE } from '../elf/constants.ts';
import type { ElfFacts, Segment } from '../elf/facts.ts';
import { FlixError } from '../errors.ts';
import type { Content, Plan, PlannedFile } from '../plan/plan.ts';
import { type ByteEdit, type Edit, type FirstLineEdit, isPatchelfEdit } from '../relocate/edit.ts';
import { editedFacts } from '../relocate/edited-facts.ts';
import { objectAt } from '../view/object.ts';
import { restored } from '../view/unedited.ts';
import type { OpenFile, View } from '../view/view.ts';
import { readNotes } from '../elf/notes.ts';

type Copy = Extract<Content, { kind: 'copy' }>;

/**
 * Reads every edited file again and checks that it has the requested edits and is otherwise unchanged. The exit status
 * of a tool proves nothing. Throws `FlixError` `edit-broke-file` for the first file that is wrong.
 *
 * @returns how many files were read
 */
export function proveFiles(plan: Pick<Plan, 'files'>, tree: View): number {
  let count = 0;
  for (const file of plan.files) {
    const { content } = file;
    if (content.kind !== 'copy' || content.edits.length === 0) continue;
    const before = objectAt(content.view, content.path).facts;
    const after = objectAt(tree, file.target);
    if (before && !after.facts) throw broken(file, after.failure.message);
    const problem =
      (before &&
        after.facts &&
        (compareFacts(before, after.facts, content.edits) ??
          newLayoutProblem(before, after.facts) ??
          noteProblem(
            { ...content, facts: before },
            { view: tree, path: file.target, facts: after.facts },
          ))) ??
      bytesProblem(content, tree, file.target);
    if (problem !== undefined) throw broken(file, problem);
    count++;
  }
  return count;
}

/** In bytes. */
const PIECE = 1024 * 1024;

/** Reads what each edit replaced, and compares everything else with the source, unless patchelf moved it. */
function bytesProblem({ view, path, edits }: Copy, tree: View, target: string): string | undefined {
  const bytes = edits.flatMap(edit => (edit.kind === 'bytes' ? [edit] : []));
  const moved = edits.some(isPatchelfEdit);
  if (moved && !bytes.some(({ isText }) => isText)) return undefined;
  const [source, finished] = [view.open(path), tree.open(target)];
  try {
    if (moved) return textProblem(bytes, objectAt(view, path).facts, objectAt(tree, target).facts, finished);
    const line = edits.find((edit): edit is FirstLineEdit => edit.kind === 'first-line');
    if (line && !sameAt(finished, 0, Buffer.from(line.after, 'latin1')))
      return 'its first line is not the planned one';
    const missing = bytes.find(({ offset, after }) => !sameAt(finished, offset, after));
    if (missing) return `the bytes at offset ${missing.offset} are not as edited (${missing.why})`;
    const start = line?.before.length ?? 0;
    const grown = (line?.after.length ?? 0) - start;
    if (source.size + grown !== finished.size)
      return `its size changed from ${source.size} to ${finished.size}`;
    const undone = restored(finished, bytes);
    for (let at = start; at < source.size; at += PIECE) {
      const length = Math.min(PIECE, source.size - at);
      if (Buffer.compare(source.read(at, length), undone.read(at + grown, length)) !== 0)
        return 'bytes that no edit covers have changed';
    }
    return undefined;
  } finally {
    source.close();
    finished.close();
  }
}

/** Looks for each replaced text at its address, which patchelf does not change. */
function textProblem(
  edits: readonly ByteEdit[],
  before: ElfFacts | undefined,
  after: ElfFacts | undefined,
  finished: OpenFile,
): string | undefined {
  for (const edit of edits) {
    if (!edit.isText) continue;
    const from = before?.segments.find(load => load.type === PT_LOAD && holdsOffset(load, edit));
    const address = from && edit.offset - from.offset + from.vaddr;
    const to = after?.segments.find(
      ({ type, vaddr, filesz }) =>
        type === PT_LOAD && address !== undefined && address >= vaddr && address < vaddr + filesz,
    );
    if (!to || !sameAt(finished, address! - to.vaddr + to.offset, edit.after))
      return `the text that was at offset ${edit.offset} is not as edited (${edit.why})`;
  }
  return undefined;
}

function holdsOffset({ offset, filesz }: Segment, edit: ByteEdit): boolean {
  return edit.offset >= offset && edit.offset < offset + filesz;
}

function sameAt(file: OpenFile, offset: number, bytes: Uint8Array): boolean {
  return offset + bytes.length <= file.size && Buffer.compare(file.read(offset, bytes.length), bytes) === 0;
}

function compareFacts(before: ElfFacts, after: ElfFacts, edits: readonly Edit[]): string | undefined {
  const same = (what: string, a: unknown, b: unknown) =>
    JSON.stringify(a) === JSON.stringify(b)
      ? undefined
      : `its ${what} changed from ${JSON.stringify(a)} to ${JSON.stringify(b)}`;
  const moved = edits.some(isPatchelfEdit);
  const expected = editedFacts(before, edits);
  return (
    same(
      'type',
      [before.header.type, before.header.machine, before.header.flags],
      [after.header.type, after.header.machine, after.header.flags],
    ) ??
    same('needed names', expected.dynamic?.needed, after.dynamic?.needed) ??
    same('soname', before.dynamic?.soname, after.dynamic?.soname) ??
    same('symbol versions', expected.versions, after.versions) ??
    same('interpreter', expected.interpreter, after.interpreter) ??
    same('flags', expected.dynamic?.flags1, after.dynamic?.flags1) ??
    same('run path', runPathOf(expected), runPathOf(after)) ??
    (moved ? undefined : same('program headers', before.segments, after.segments))
  );
}

function runPathOf({ dynamic }: ElfFacts): string | undefined {
  return dynamic?.runpath ?? dynamic?.rpath;
}

/** Ignores problems that the file had before its edits: its loader accepted them. */
function newLayoutProblem(before: ElfFacts, after: ElfFacts): string | undefined {
  return layoutProblem(before) === undefined ? layoutProblem(after) : undefined;
}

/** Finds faults that patchelf is known to cause: loads that overlap or are out of order, tables outside their load. */
function layoutProblem({ segments }: ElfFacts): string | undefined {
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  for (const [i, load] of loads.entries()) {
    const previous = loads[i - 1];
    if (previous && load.vaddr < previous.vaddr + previous.memsz)
      return `PT_LOAD ${i} overlaps the one before it`;
    if (load.align > 1 && load.vaddr % load.align !== load.offset % load.align)
      return `PT_LOAD ${i} is not aligned`;
  }
  for (const segment of segments)
    if (
      [PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_PROPERTY].includes(segment.type) &&
      segment.filesz > 0 &&
      !loads.some(load => holds(load, segment))
    )
      return `the segment of type 0x${segment.type.toString(16)} at ${segment.offset} lies in no PT_LOAD at its address`;
  return undefined;
}

function noteProblem(before: Parsed, after: Parsed): string | undefined {
  const changed = changedNotes(before, after);
  return changed && `the notes in its ${changed} changed`;
}

function holds(load: Segment, { vaddr, offset, filesz }: Segment): boolean {
  const inside = vaddr >= load.vaddr && vaddr + filesz <= load.vaddr + load.filesz;
  return inside && offset - load.offset === vaddr - load.vaddr;
}

function broken({ target }: PlannedFile, problem: string): FlixError {
  return new FlixError(
    'proof',
    'edit-broke-file',
    `${target}: after it was edited, ${problem}`,
    'Nothing was published. The file is not laid out as linkers do it. Use --mode flatwrap, which edits nothing, or leave the file out with --exclude.',
  );
}

/** An ELF file of a view that could be parsed. */
interface Parsed {
  readonly view: View;
  readonly path: string;
  readonly facts: ElfFacts;
}

const SEGMENTS = { PT_NOTE, PT_GNU_PROPERTY } as const;

/**
 * Returns the note segment whose notes changed, in any order; `undefined` if none did. patchelf 0.14 leaves
 * PT_GNU_PROPERTY pointing at bytes that it overwrote, and the kernel of arm64 refuses such a program
 * (arch/arm64/kernel/process.c, arch_parse_elf_property).
 */
function changedNotes(before: Parsed, after: Parsed): keyof typeof SEGMENTS | undefined {
  const names = Object.keys(SEGMENTS) as (keyof typeof SEGMENTS)[];
  return names.find(name => notesOf(before, SEGMENTS[name]) !== notesOf(after, SEGMENTS[name]));
}

function notesOf({ view, path, facts }: Parsed, type: typeof PT_NOTE | typeof PT_GNU_PROPERTY): string {
  const file = view.open(path);
  try {
    return readNotes(file, facts.header, facts.segments, type)
      .map(note => `${note.name} ${note.type} ${Buffer.from(note.desc).toString('hex')}`)
      .sort()
      .join();
  } finally {
    file.close();
  }
}
