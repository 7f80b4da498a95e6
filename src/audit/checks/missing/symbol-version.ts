import { chainTo, linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { providerText } from '../../finding.ts';

interface MissingSymbolVersion extends Observation {
  readonly version: string;
  /** The object that needs it. */
  readonly requester: string;
}

export const missingSymbolVersion = defineCheck(
  'missing/symbol-version',
  {
    title: 'A library lacks a symbol version',
    means:
      'An object needs a symbol version of a library (such as GLIBC_2.38), and the library that the loader picks ' +
      'does not define it.',
    matters:
      'The loader compares versions before the program starts, and aborts: “version `GLIBC_2.38’ not found”. The ' +
      'usual causes are a program of a newer release on an older host, and a library of one release that shadows ' +
      'that of another.',
    fix:
      'Take the library, the loader and the program from the same root; “flix vendor” never mixes roots. Build an ' +
      'extension that is bound to its host on the oldest release that it must support.',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<MissingSymbolVersion> {
  const { merge } = evidence;
  for (const subject of evidence.subjects) {
    const { extension, path, closure } = subject;
    for (const { requester, version, provider, unmarked } of closure.versionProblems) {
      if (!provider || unmarked) continue;
      const from = merge.providerOf(provider.real);
      yield {
        severity: 'error',
        extension,
        subject: path,
        chain: [...chainTo(requester, subject, merge), linkTo(provider, merge)],
        culprit: `${version} of ${provider.real}`,
        version,
        requester: requester.real,
        message: `${requester.real} needs ${version}, but ${provider.real} of ${providerText(from)} does not define it`,
        fix: 'Take the program, its libraries and its loader from the same root with “flix vendor”.',
      };
    }
  }
}
