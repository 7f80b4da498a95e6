import { PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_LOAD, PT_NOTE } from '../elf/constants.ts';
import type { ElfFacts, Segment } from '../elf/facts.ts';
import { FlixError } from '../errors.ts';
import type { Plan, PlannedFile } from '../plan/plan.ts';
import type { Edit, FirstLineEdit } from '../relocate/edit.ts';
import { editedFacts } from '../relocate/edited-facts.ts';
import { objectAt } from '../view/object.ts';
import { headOf } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { readNotes } from '../elf/notes.ts';

/**
 * Reads every edited file again and checks that it has the requested edits and is otherwise unchanged. The exit status
 * of a tool proves nothing. Throws `FlixError` `edit-broke-file` for the first file that is wrong.
 *
 * @returns how many files were read
 */
export function proveFiles(plan: Plan, tree: View): number {
  let count = 0;
  for (const file of plan.files) {
    const { content } = file;
    if (content.kind !== 'copy' || content.edits.length === 0) continue;
    const line = content.edits.find(({ kind }) => kind === 'first-line');
    if (line?.kind === 'first-line') {
      if (!hasFirstLine(content, { view: tree, path: file.target }, line))
        throw broken(file, 'its first line or its length is not the planned one');
      count++;
      continue;
    }
    const before = objectAt(content.view, content.path).facts;
    const after = objectAt(tree, file.target);
    if (!before) continue;
    if (!after.facts) throw broken(file, after.failure.message);
    const problem =
      compareFacts(before, after.facts, content.edits) ??
      newLayoutProblem(before, after.facts) ??
      noteProblem({ ...content, facts: before }, { view: tree, path: file.target, facts: after.facts });
    if (problem !== undefined) throw broken(file, problem);
    count++;
  }
  return count;
}

interface Place {
  readonly view: View;
  readonly path: string;
}

/** Whether a script has its new first line, and is otherwise as long as it was. */
function hasFirstLine(source: Place, copy: Place, { before, after }: FirstLineEdit): boolean {
  const grown = copy.view.stat(copy.path).size - source.view.stat(source.path).size;
  const [line] = headOf(copy.view, copy.path).split('\n', 1);
  return line === after && grown === after.length - before.length;
}

function compareFacts(before: ElfFacts, after: ElfFacts, edits: readonly Edit[]): string | undefined {
  const same = (what: string, a: unknown, b: unknown) =>
    JSON.stringify(a) === JSON.stringify(b)
      ? undefined
      : `its ${what} changed from ${JSON.stringify(a)} to ${JSON.stringify(b)}`;
  const moved = edits.some(({ kind }) => kind !== 'bytes');
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
