import { undefinedSymbols } from '../resolve/symbol-check.ts';
import type { ExtensionRules } from '../systemd/extension-type.ts';
import type { Evidence } from './check.ts';
import { type Extension, isOf } from './extension.ts';
import { bindingTo, type Release } from '../systemd/decision.ts';

/** What the ELF files of an extension ask of one host. */
export interface Needs {
  /** Real paths of files of the host, or of other extensions, that they load. */
  readonly foreign: readonly string[];
  /** Whether every library, version and symbol that they ask for is there. */
  readonly met: () => boolean;
  /** How many of them were looked at. */
  readonly subjects: number;
}

export function needsOf(extension: Extension, { subjects, merge }: Evidence): Needs {
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
    );
  return { foreign: [...new Set(foreign)].sort(), met, subjects: own.length };
}

/** The loosest claim by which systemd accepts an extension on a host like this one, and on no other. */
export function claimFor(host: Release, rules: Pick<ExtensionRules, 'levelKey'>): string {
  const { id, level, versionId } = bindingTo(host, rules);
  const bound = level ? ` ${rules.levelKey}=${level}` : versionId ? ` VERSION_ID=${versionId}` : '';
  return `ID=${id}${bound}`;
}
