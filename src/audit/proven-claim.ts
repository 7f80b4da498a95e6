import { undefinedSymbols } from '../resolve/symbol-check.ts';
import type { Evidence } from './check.ts';
import { type Extension, isOf } from './extension.ts';
import { refusedStacks } from './refused-stacks.ts';

/** What the ELF files of an extension need from one host. */
export interface HostNeeds {
  /** Real paths of files that they load from the host or from other extensions. */
  readonly foreign: readonly string[];
  /** Whether every library, symbol version and symbol that they need exists. */
  readonly met: () => boolean;
  /** How many of them were examined. */
  readonly subjects: number;
}

export function needsOf(extension: Extension, evidence: Evidence): HostNeeds {
  const { subjects, merge } = evidence;
  const own = subjects.filter(subject => subject.extension === extension);
  const loaded = own.flatMap(({ objects, closure: { loader } }) => [...objects, ...(loader ? [loader] : [])]);
  const foreign = loaded.map(({ real }) => real).filter(real => !isOf(extension, merge.providerOf(real)));
  const met = () =>
    own.every(
      ({ closure }) =>
        closure.missing.length === 0 &&
        closure.versionProblems.length === 0 &&
        closure.fatal === undefined &&
        closure.interpreterMissing === undefined &&
        undefinedSymbols(closure).length === 0,
    ) && !refusedStacks(evidence).some(({ subject }) => subject.extension === extension);
  return { foreign: [...new Set(foreign)].sort(), met, subjects: own.length };
}
