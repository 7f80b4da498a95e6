import type { Reference } from '../../../elf/symbols.ts';
import { defines, type UndefinedSymbol, undefinedSymbols } from '../../../resolve/symbol-check.ts';
import { symbolsAt } from '../../../view/object.ts';
import { chainTo, notFound } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { hostObjects } from '../../host-objects.ts';
import { oncePer } from '../../once.ts';
import type { Subject } from '../../subject.ts';

interface MissingSymbol extends Observation {
  /** The object that refers to it. */
  readonly requester: string;
  readonly symbol: string;
  readonly version: string | null;
}

export const missingSymbol = defineCheck(
  'missing/symbol',
  {
    title: 'A symbol is undefined',
    means:
      'An object refers to a function or variable, not weakly, and none of the objects that are loaded with it ' +
      'defines it in a matching version. “ldd -r” reports the same; the audit does so for the merged view and ' +
      'without running anything. For a plugin, all other files of the extension count as well, since the program ' +
      'that opens it may have loaded any of them.',
    matters:
      'Unversioned symbols are not compared when a program starts. An undefined variable aborts the program at ' +
      'start (“undefined symbol”); an undefined function aborts it when it is first called, perhaps days later.',
    fix:
      'The library is not the build that the object was linked with: take both from the same root (“flix vendor”), ' +
      'or build the object against the host’s library.',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<MissingSymbol> {
  for (const subject of evidence.subjects) {
    const { closure, role } = subject;
    // a missing library would be reported again for each of its symbols
    if (!closure.loader || closure.fatal || closure.missing.length > 0 || closure.versionProblems.length > 0)
      continue;
    const lacking = lackingOf(subject);
    const elsewhere = role === 'object' && lacking.length > 0 ? definersBeside(subject, evidence) : [];
    const first = new Set<string>();
    for (const one of lacking) {
      if (elsewhere.some(defined => defined(one.reference)) || first.has(one.requester.real)) continue;
      first.add(one.requester.real);
      yield finding(subject, one, lacking, evidence);
    }
  }
}

const lackingOf = oncePer(({ closure, objects }: Subject) => undefinedSymbols(closure, objects));

/** Returns what a program may have loaded before it opens a plugin. */
function definersBeside(
  { extension }: Subject,
  { inventories, merge }: Evidence,
): ((reference: Reference) => boolean)[] {
  const own = inventories.flatMap(({ programs, objects }) => [...programs, ...objects]);
  const { host } = merge;
  const ofHost =
    host && extension.claim === 'host-bound' ? hostObjects(host.view).map(({ path }) => path) : [];
  return [...own, ...ofHost.filter(path => merge.view.kind(path) === 'file')].map(path => {
    const symbols = symbolsAt(merge.view, path);
    return reference => symbols !== undefined && defines(symbols, reference);
  });
}

function finding(
  subject: Subject,
  { requester, reference }: UndefinedSymbol,
  all: readonly UndefinedSymbol[],
  { merge }: Evidence,
): MissingSymbol {
  const { extension, path, role } = subject;
  const { name, version } = reference;
  const more = all.filter(other => other.requester === requester).length - 1;
  const text = version === undefined ? name : `${name}@${version}`;
  const others = more > 0 ? ` and ${more} more` : '';
  return {
    severity: role === 'program' ? 'error' : 'warning',
    extension,
    subject: path,
    chain: [...chainTo(requester, subject, merge), notFound(text)],
    culprit: `${text} of ${requester.real}`,
    requester: requester.real,
    symbol: name,
    version: version ?? null,
    message: `${requester.real} refers to ${text}${others}, which no loaded object defines`,
    fix: 'Take the object and its libraries from the same root with “flix vendor”.',
  };
}
