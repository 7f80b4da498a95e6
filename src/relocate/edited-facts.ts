import { DF_1_NODEFLIB, PT_INTERP } from '../elf/constants.ts';
import type { Dynamic, ElfFacts } from '../elf/facts.ts';
import type { Edit } from './edit.ts';

/** Returns what a loader reads of a file after some edits. Offsets are those of the unedited file. */
export function editedFacts(before: ElfFacts, edits: readonly Edit[]): ElfFacts {
  if (edits.length === 0) return before;
  const { dynamic, versions } = before;
  return {
    ...before,
    interpreter: interpreterAfter(before, edits),
    dynamic: dynamic && {
      ...dynamic,
      needed: dynamic.needed.map(({ tag, name }) => ({ tag, name: renamed(name, edits) })),
      flags1: flagsAfter(dynamic, edits),
      ...runPathsAfter(dynamic, edits),
    },
    versions: versions && {
      ...versions,
      needs: versions.needs.map(({ file, versions: names }) => ({
        file: renamed(file, edits),
        versions: names,
      })),
    },
  };
}

function interpreterAfter(before: ElfFacts, edits: readonly Edit[]): string | undefined {
  for (const edit of edits) {
    if (edit.kind === 'interpreter') return edit.path;
    if (edit.kind !== 'bytes') continue;
    const segment = before.segments.find(({ type }) => type === PT_INTERP);
    if (segment && edit.offset === segment.offset)
      return Buffer.from(edit.after).toString('utf8').replace(/\0.*$/s, '');
  }
  return before.interpreter;
}

function renamed(name: string, edits: readonly Edit[]): string {
  const edit = edits.find(candidate => candidate.kind === 'needed' && candidate.from === name);
  return edit?.kind === 'needed' ? edit.to : name;
}

function flagsAfter({ flags1, flags1Offset }: Dynamic, edits: readonly Edit[]): number {
  if (edits.some(({ kind }) => kind === 'no-default-lib')) return flags1 | DF_1_NODEFLIB;
  const reopened = edits.some(edit => edit.kind === 'bytes' && edit.offset === flags1Offset);
  return reopened ? flags1 & ~DF_1_NODEFLIB : flags1;
}

function runPathsAfter(dynamic: Dynamic, edits: readonly Edit[]): Pick<Dynamic, 'rpath' | 'runpath'> {
  const entries = new Set(dynamic.runPathEntries.map(({ offset }) => offset));
  let { rpath, runpath } = dynamic;
  for (const edit of edits)
    if (edit.kind === 'run-path') {
      [rpath, runpath] = [undefined, undefined];
      if (edit.force === 'rpath') rpath = edit.value;
      else runpath = edit.value;
    } else if (edit.kind === 'bytes' && entries.has(edit.offset)) [rpath, runpath] = [undefined, undefined];
  return { rpath, runpath };
}
