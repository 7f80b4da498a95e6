import { isProgram } from '../elf/classify.ts';
import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { compiledIn } from './compiled-in.ts';

/** A program that an object of an extension may execute by its absolute path. */
export interface Helper {
  /** As it stands in the file. */
  readonly path: string;
  /** Where that leads to in the merged view; `undefined`: nowhere. */
  readonly real: string | undefined;
}

/** Every host with systemd has it. */
const EVERYWHERE = /^(?:\/usr)?\/bin\/sh$/;
/** Only programs are installed there, so that what is not there was meant to be one. */
const PROGRAMS_ONLY = /^(?:\/usr)?\/s?bin\/[^/]+$/;
/** Who names several of these takes one that is there: getusershell(3), editors. */
const SHELL = /^(?:a|b|ba|c|da|fi|k|mk|pdk|tc|z)?sh$/;
/** Asked for by the shadow suite after each change, and passed over in silence. */
const OPTIONAL = new Set(['/usr/sbin/nscd', '/usr/sbin/sss_cache']);

/**
 * The programs that an object names, by what is there in a view. Left out are those that every host has, and of those
 * that are not there all that will not be missed: another path of the same program, or another shell, may do.
 *
 * @param path of the object, real
 */
export const helpersIn = memoised((view, path): readonly Helper[] => {
  const named = compiledIn(view, path).programs.map(text => ({ path: text, real: programAt(view, text) }));
  const there = named.filter(({ real }) => real !== undefined);
  const missed = new Map(
    named.filter(({ path: text }) => isMissed(view, text)).map(helper => [kindOf(helper), helper]),
  );
  for (const helper of there) missed.delete(kindOf(helper));
  return [...there.filter(({ path: text }) => !EVERYWHERE.test(text)), ...missed.values()];
});

/** `undefined`: nothing is there, or something else. */
function programAt(view: View, path: string): string | undefined {
  const { path: real, kind } = { kind: undefined, ...follow(view, path) };
  if (real === undefined || kind !== 'file' || (view.stat(real).mode & 0o111) === 0) return undefined;
  const { facts } = objectAt(view, real);
  // libraries are executable on many distributions
  return facts && !isProgram(facts) ? undefined : real;
}

function isMissed(view: View, path: string): boolean {
  return PROGRAMS_ONLY.test(path) && !OPTIONAL.has(path) && follow(view, path).path === undefined;
}

/** What another path of the same file can stand in for. */
function kindOf({ path }: Helper): string {
  const name = basename(path);
  return SHELL.test(name) ? 'a shell' : name;
}
