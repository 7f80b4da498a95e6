import { chainTo } from '../../chain.ts';
import { type Check, type Evidence, gathered } from '../../check.ts';
import { type FindingBase, providerText } from '../../finding.ts';

export interface MissingSymbolVersion extends FindingBase {
  readonly kind: 'missing/symbol-version';
  readonly version: string;
  /** The object that needs it. */
  readonly requester: string;
}

export const missingSymbolVersion: Check<MissingSymbolVersion> = {
  kind: 'missing/symbol-version',
  page: {
    title: 'A library lacks a symbol version',
    means:
      'An object needs a version of a symbol (GLIBC_2.38, say) of a library, and the library that the loader takes ' +
      'does not define it; or it names a file that is not loaded at all.',
    matters:
      'The loader compares versions before the program starts and ends it: “version `GLIBC_2.38’ not found”. The ' +
      'usual causes: a program of a newer release on an older host, or a library of one release that lies over that ' +
      'of another.',
    mend:
      'Take library, loader and program from one root: “flix vendor” never mixes them. For an extension that is bound ' +
      'to its host, build it on the oldest release that it is meant for.',
  },
  find: evidence => gathered(find(evidence)),
};

function* find({ merge, subjects }: Evidence): Generator<MissingSymbolVersion> {
  for (const subject of subjects) {
    const { extension, path, closure } = subject;
    const missing = new Set(closure.missing.map(({ name }) => name));
    for (const { requester, file, version, provider } of closure.versionProblems) {
      // then the library itself is what is missing
      if (!provider && missing.has(file)) continue;
      const from = provider && merge.providerOf(provider.real);
      const step = {
        name: file,
        path: provider?.real ?? null,
        provider: from ?? null,
        origin: provider?.origin ?? null,
      };
      yield {
        kind: 'missing/symbol-version',
        severity: 'error',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [...chainTo(requester, subject, merge), step],
        culprit: `${version} of ${provider?.real ?? file}`,
        version,
        requester: requester.real,
        message: provider
          ? `${requester.real} needs ${version}, which ${provider.real} of ${providerText(from!)} does not define`
          : `${requester.real} needs ${version} of ${file}, which is not loaded under that name`,
        remedy: 'take the program and its libraries, the loader among them, from one root: “flix vendor”',
      };
    }
  }
}
