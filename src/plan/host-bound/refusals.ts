import { FIND_LIBRARIES } from '../missing-libraries.ts';
import { FlixError } from '../../errors.ts';
import { isLibcPart } from '../../libc/libc.ts';
import type { Remark } from '../../manifest/manifest.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import type { HostClosure } from './evaluate.ts';
import { libcText, listOf } from './host.ts';
import { type Problem, symbolText } from './problems.ts';

/** The fix for each reason why a tree cannot work on its hosts. */
const fixes = {
  'host-interpreter':
    'Leave out --host, so that the tree brings its own loader and libraries, or name hosts with the C library of the programs.',
  'host-libc':
    'The C library is always the host’s. Leave out --host, so that the tree brings its own, or take the programs from a root of an older release.',
  'not-loadable': 'Leave out --host, so that the tree brings all that its programs load.',
  'missing-library': FIND_LIBRARIES,
  'host-mix': 'Leave out --host, so that the tree brings all that its programs load.',
} as const;

type Code = keyof typeof fixes;

/** A problem that remains, in words. */
interface Refused {
  readonly code: Code;
  readonly file: string;
  /** The same problem on several hosts is one. */
  readonly message: (hosts: string, has: string) => string;
  readonly optional: boolean;
  /** The file itself needs it. */
  readonly isOwn: boolean;
}

/**
 * Reports what no library of the staging roots solves. Throws `FlixError` for what keeps a program from starting on a
 * host; what only plugins lack is a remark.
 *
 * @param strict what plugins lack is also an error
 */
export function refuseUnsolved(closures: readonly HostClosure[], strict: boolean): Remark[] {
  // bringing the library always solves a pin, since the staging root has it
  const unsolved = closures.flatMap(({ problems }) => problems.filter(isUnsolved));
  const all = onAllHosts(unsolved);
  const fatal = all.filter(({ optional }) => strict || !optional);
  const codes = Object.keys(fixes) as Code[];
  const code = codes.find(candidate => fatal.some(problem => problem.code === candidate));
  if (code !== undefined) {
    const alike = fatal.filter(problem => problem.code === code);
    // what a program lacks itself says more than what a library of it lacks
    const own = new Set(alike.filter(({ isOwn }) => isOwn).map(({ file }) => file));
    const lines = alike
      .filter(({ isOwn, file }) => isOwn || !own.has(file))
      .map(({ file, text }) => `${file} ${text}`);
    throw new FlixError('missing', code, shortened([...new Set(lines)]), fixes[code]);
  }
  return all.map(({ code: kind, file, text }) => ({ code: kind, file, message: text }));
}

type UnsolvedProblem = Exclude<Problem, { readonly kind: 'pin' }>;

function isUnsolved(problem: Problem): problem is UnsolvedProblem {
  return problem.kind !== 'pin';
}

/** Joins problems that differ only in the host. */
function onAllHosts(
  problems: readonly UnsolvedProblem[],
): (Omit<Refused, 'message'> & { readonly text: string })[] {
  const known = new Map<string, { readonly problem: Refused; readonly hosts: Set<string> }>();
  for (const each of problems) {
    const problem = refused(each);
    const key = [problem.code, problem.file, problem.message('', '')].join('\0');
    const { hosts } = known.get(key) ?? known.set(key, { problem, hosts: new Set() }).get(key)!;
    hosts.add(each.host.label);
  }
  return [...known.values()].map(({ problem: { code, file, message, optional, isOwn }, hosts }) => {
    const text = message(listOf([...hosts]), hosts.size > 1 ? 'have' : 'has');
    return { code, file, optional, isOwn, text };
  });
}

const SHOWN = 10;

function shortened(lines: readonly string[]): string {
  const shown = lines.slice(0, SHOWN).join('\n');
  return lines.length > SHOWN ? `${shown}\nand ${lines.length - SHOWN} more` : shown;
}

function refused(problem: UnsolvedProblem): Refused {
  const { target } = problem.subject.file;
  const isOwn = !('requester' in problem) || problem.requester.real === target;
  const { optional } = problem.subject;
  const told = (code: Code, message: Refused['message']): Refused => ({
    file: target,
    optional,
    isOwn,
    code,
    message,
  });
  switch (problem.kind) {
    case 'interpreter':
      return told('host-interpreter', on => `is started by ${problem.path}, which is not on ${on}`);
    case 'fatal': {
      const { path, reason } = problem;
      return told('not-loadable', on => `does not start on ${on}: its loader stops at ${path}: ${reason}`);
    }
    case 'library': {
      const { name, requester } = problem;
      return isLibcPart(name, name)
        ? told('host-libc', on => `needs ${name}, a part of the C library, which is not on ${on}`)
        : told(
            'missing-library',
            on =>
              `needs ${name}${by(requester, target)}, which is missing on ${on} and not in any staging root`,
          );
    }
    case 'version': {
      const { version, file, provider, requester } = problem;
      const needs = `needs ${version} of ${file}${by(requester, target)}`;
      return isLibcPart(provider.facts.dynamic?.soname, provider.real)
        ? told('host-libc', (on, has) => `${needs}, but ${on} ${has} ${libcOf(problem)}`)
        : told('host-mix', on => `${needs}, which ${provider.real} does not define on ${on}`);
    }
    case 'symbol': {
      const { reference, definer, requester } = problem;
      const needs = `needs ${symbolText(reference)}${by(requester, target)}`;
      return definer && isLibcPart(definer.facts.dynamic?.soname, definer.real)
        ? told('host-libc', (on, has) => `${needs}, but ${on} ${has} ${libcOf(problem)}`)
        : told('host-mix', on => `${needs}, which no library defines that it loads on ${on}`);
    }
  }
}

function libcOf({ host, subject }: Problem): string {
  const { loader, entry } = subject.staged;
  return libcText(host, loader ? { interpreter: loader.path } : entry.facts);
}

function by(requester: LoadedObject, target: string): string {
  return requester.real === target ? '' : ` for ${requester.real}`;
}
