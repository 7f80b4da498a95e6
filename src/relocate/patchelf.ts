import { ET_EXEC } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { type Edit, isPatchelfEdit, type PatchelfEdit } from './edit.ts';
import type { Traits } from './traits.ts';

/**
 * Returns the arguments of each patchelf call, in order, without the name of the file. Before 0.18, one option can undo
 * another of the same call (in 0.14.3, `--set-rpath` drops DF_1_NODEFLIB if FLAGS_1 exists), so each gets its own call.
 * @param version such as `0.14.3`, from `patchelf --version`
 */
export function patchelfCalls(edits: readonly Edit[], version: string): string[][] {
  const options = edits.filter(isPatchelfEdit).map(optionsOf);
  if (options.length === 0) return [];
  return minorOf(version) >= 18 ? [options.flat()] : options;
}

function optionsOf(edit: PatchelfEdit): string[] {
  if (edit.kind === 'interpreter') return ['--set-interpreter', edit.path];
  if (edit.kind === 'no-default-lib') return ['--no-default-lib'];
  if (edit.kind === 'needed') return ['--replace-needed', edit.from, edit.to];
  if (edit.value === undefined) return ['--remove-rpath'];
  return [...(edit.force === 'rpath' ? ['--force-rpath'] : []), '--set-rpath', edit.value];
}

/** A case in which patchelf breaks a file beyond repair and reports no error. All of them were observed. */
interface KnownBug {
  readonly version: (minor: number) => boolean;
  readonly hits: (facts: ElfFacts, edits: readonly PatchelfEdit[], traits: Traits) => boolean;
  readonly reason: string;
}

const KNOWN_BUGS: readonly KnownBug[] = [
  {
    version: () => true,
    hits: (_facts, _edits, { trailing }) => trailing > 0,
    reason:
      'the file has data after its ELF part, as self-extracting programs have, which patchelf may lose or misplace',
  },
  {
    version: minor => minor >= 18,
    hits: ({ header }, edits) => header.type === ET_EXEC && edits.some(growsDynamic),
    reason:
      'patchelf 0.18 and later move .dynamic of a program with fixed addresses into a read-only segment',
  },
  {
    version: () => true,
    hits: (_facts, edits, { internalGo }) => internalGo && edits.some(growsDynamic),
    reason: 'programs linked by Go’s own linker crash once patchelf gives them a run path',
  },
];

/**
 * Returns the reason why this version of patchelf would break the file; `undefined` if none is known, which does not
 * prove that the result works.
 */
export function knownBadPatchelf(
  version: string,
  facts: ElfFacts,
  edits: readonly Edit[],
  traits: Traits,
): string | undefined {
  const its = edits.filter(isPatchelfEdit);
  if (its.length === 0) return undefined;
  return KNOWN_BUGS.find(bug => bug.version(minorOf(version)) && bug.hits(facts, its, traits))?.reason;
}

/** Whether an edit needs more room in `.dynamic` or `.dynstr`. `--remove-rpath` only overwrites an entry. */
function growsDynamic(edit: PatchelfEdit): boolean {
  return (
    edit.kind === 'no-default-lib' ||
    edit.kind === 'needed' ||
    (edit.kind === 'run-path' && edit.value !== undefined)
  );
}

/** Returns 18 for `0.18.0`, infinity for a major version above 0, and NaN, which no comparison matches, if unknown. */
function minorOf(version: string): number {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return Number.NaN;
  return major === '0' ? Number(minor) : Number.POSITIVE_INFINITY;
}
