import { glibc, isStandardInterpreter } from '../../../libc/libc.ts';
import type { LoadedObject } from '../../../resolve/closure.ts';
import { notFound, linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { isOf } from '../../extension.ts';
import { type ChainLink, providerText } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import type { Subject } from '../../subject.ts';

export const hostInterpreter = defineCheck(
  'leaks/host-interpreter',
  {
    title: 'The program uses the host’s loader',
    means:
      'A program of an extension that claims to be self-contained (ID=_any) names an interpreter (PT_INTERP) that ' +
      'the host provides, or would have to provide if no host was given. Also reported: a program of any extension ' +
      'that does so although the extension contains a libc of its own.',
    matters:
      'The interpreter and libc are two halves of one library and use unversioned symbols of each other. A libc ' +
      'that meets a different loader aborts the program, at once or later; if it shadows the host’s own, it aborts ' +
      'every program of the host. The host’s loader also searches the host’s directories and cache, and honours ' +
      'its variables. On a host with another libc (musl, or another path) the program does not start at all.',
    fix:
      'Give the program the loader of the root from which its libraries come, in a private directory: “flix ' +
      'vendor” copies it, seals it and sets the interpreter. Or bind the extension to the host (ID=, VERSION_ID=).',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, subjects }: Evidence): Generator<Observation> {
  for (const subject of subjects) {
    const { extension, path, role, closure } = subject;
    const { interpreter } = closure.entry.facts;
    if (role !== 'program' || interpreter === undefined) continue;
    const lent = lender(subject, interpreter, merge);
    const split = lent && splitLibc(subject, merge);
    if (!lent || (!split && extension.claim !== 'self-contained')) continue;
    yield {
      severity: 'error',
      extension,
      subject: path,
      chain: [linkTo(closure.entry, merge), lent.step],
      culprit: interpreter,
      message: split ? `${lent.message}, but its libc is ${split.real}` : lent.message,
      fix: 'Give the program the loader that belongs to its libc with “flix vendor”.',
    };
  }
}

/** Returns who has to provide the interpreter, unless the extension itself does. */
function lender(
  { extension, closure }: Subject,
  interpreter: string,
  merge: Merge,
): { step: ChainLink; message: string } | undefined {
  const { loader } = closure;
  if (loader) {
    const provider = merge.providerOf(loader.real);
    if (isOf(extension, provider)) return undefined;
    const step: ChainLink = { name: interpreter, path: loader.real, provider, origin: { kind: 'loader' } };
    return { step, message: `the interpreter ${interpreter} belongs to ${providerText(provider)}` };
  }
  if (merge.host || !isStandardInterpreter(closure.entry.facts)) return undefined;
  return {
    step: notFound(interpreter),
    message: `the interpreter ${interpreter} would have to come from the host`,
  };
}

/** Returns the libc of the extension, which must not meet another loader: they share unversioned private symbols. */
function splitLibc({ extension, closure }: Subject, merge: Merge): LoadedObject | undefined {
  return closure.objects.find(
    ({ real, facts }) => facts.dynamic?.soname === glibc.soname && isOf(extension, merge.providerOf(real)),
  );
}
