import { ET_EXEC } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Edit, PatchelfEdit } from './edit.ts';
import type { Traits } from './traits.ts';

/**
 * The arguments of each patchelf call, without the file's name, in order. Before 0.18 an option can undo another of
 * the same call (0.14.3: `--set-rpath` loses DF_1_NODEFLIB where FLAGS_1 exists), so each has a call of its own.
 * @param version `0.14.3`, as `patchelf --version` has it behind its name
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

/** One way in which patchelf is known to break files beyond mending, without an error of its own. All were measured. */
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
      'the file holds data after its ELF part (a self-extracting program?), which patchelf may lose or misplace',
  },
  {
    version: minor => minor >= 18,
    hits: ({ header }, edits) => header.type === ET_EXEC && edits.some(growsDynamic),
    reason:
      'patchelf 0.18 and later move .dynamic of a program with fixed addresses to where it cannot be written to',
  },
  {
    version: () => true,
    hits: (_facts, edits, { internalGo }) => internalGo && edits.some(growsDynamic),
    reason: 'programs that Go has linked by itself crash after patchelf has given them a run path',
  },
];

/**
 * Why this patchelf must not be let at this file for these edits, in words. `undefined`: nothing is known against it,
 * which proves nothing.
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

/** `--remove-rpath` overwrites an entry; everything else here needs room in `.dynamic` or `.dynstr`. */
function growsDynamic(edit: PatchelfEdit): boolean {
  return (
    edit.kind === 'no-default-lib' ||
    edit.kind === 'needed' ||
    (edit.kind === 'run-path' && edit.value !== undefined)
  );
}

function isPatchelfEdit(edit: Edit): edit is PatchelfEdit {
  return edit.kind !== 'bytes';
}

/** Of `0.18.0`: 18. A later major version than 0 comes after all of these; NaN, which is neither before nor after, is unknown. */
function minorOf(version: string): number {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return Number.NaN;
  return major === '0' ? Number(minor) : Number.POSITIVE_INFINITY;
}
