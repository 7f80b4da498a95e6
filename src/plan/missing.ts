import { FlixError } from '../errors.ts';
import type { Closure, Searched } from '../resolve/closure.ts';
import type { Remark } from './plan.ts';

/** An ELF file with a place in the tree, and what it loads. */
export interface PlacedClosure {
  readonly role: 'entry' | 'program' | 'object';
  readonly target: string;
  readonly closure: Closure;
}

/**
 * What keeps a program from starting is an error, all of it at once. What only an object of a directory lacks is a
 * remark: plugins of distribution packages need what the package merely suggests.
 *
 * @param strict objects are held to the same as programs
 */
export function judgeMissing(
  closures: readonly PlacedClosure[],
  excluded: (name: string) => boolean,
  strict: boolean,
): Remark[] {
  const failures: string[] = [];
  const remarks: Remark[] = [];
  for (const placed of closures) {
    const problems = problemsOf(placed.closure, excluded);
    if (placed.role === 'object' && !strict)
      remarks.push(...problems.map(({ code, message }) => ({ code, file: placed.target, message })));
    else failures.push(...problems.map(({ message, detail }) => `${placed.target}: ${message}${detail}`));
  }
  if (failures.length === 0) return remarks;
  const unique = [...new Set(failures)];
  throw new FlixError(
    'missing',
    'missing-library',
    unique.join('\n'),
    'Install what is missing into the staging root, add a root with --staging, or leave a library out with --exclude-lib NAME=REASON.',
  );
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
}

function problemsOf(closure: Closure, excluded: (name: string) => boolean): Problem[] {
  const problems: Problem[] = [];
  if (closure.interpreterMissing !== undefined)
    problems.push({
      code: 'missing-interpreter',
      message: `its interpreter ${closure.interpreterMissing} is in none of the roots`,
      detail: '',
    });
  if (closure.fatal)
    problems.push({
      code: 'not-loadable',
      message: `${closure.fatal.path}: ${closure.fatal.reason}`,
      detail: '',
    });
  for (const { name, tag, requester, searched } of closure.missing) {
    if (tag === 'preload' || excluded(name)) continue;
    const by = requester === closure.entry ? '' : `, needed by ${requester.real}`;
    problems.push({ code: 'missing-library', message: `${name} is missing${by}`, detail: places(searched) });
  }
  for (const { requester, file, version, provider } of closure.versionProblems) {
    if (excluded(file)) continue;
    const message = `${requester.real} needs ${version} of ${file}, which ${provider ? `${provider.real} does not define` : 'is not loaded'}`;
    problems.push({ code: 'missing-version', message, detail: '' });
  }
  return problems;
}

function places(searched: readonly Searched[]): string {
  return searched.map(({ path, outcome }) => `\n    ${path} (${outcome})`).join('');
}
