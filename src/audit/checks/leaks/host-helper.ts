import { isProgram } from '../../../elf/classify.ts';
import type { LoadedObject } from '../../../resolve/closure.ts';
import { follow } from '../../../view/follow.ts';
import { memoised } from '../../../view/memo.ts';
import { objectAt } from '../../../view/object.ts';
import { basename } from '../../../view/path.ts';
import type { View } from '../../../view/view.ts';
import { chainTo, notFound } from '../../chain.ts';
import { defineCheck, type Evidence, type Observation } from '../../check.ts';
import { compiledIn } from '../../../needs/compiled-in.ts';
import { isOfServiceManager } from '../../../needs/every-host.ts';
import { isOf } from '../../extension.ts';
import { providerText } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { ON_EVERY_HOST } from '../../scripts.ts';
import type { Subject } from '../../subject.ts';

interface HostHelper extends Observation {
  /** The files of the extension that contain its path. */
  readonly namedBy: readonly string[];
}

export const hostHelper = defineCheck(
  'leaks/host-helper',
  {
    title: 'The extension may run a program of the host',
    means:
      'A file of a self-contained extension (ID=_any) contains the absolute path of a program that the extension ' +
      'does not ship. If the host has the program this is a note; /bin/sh, which every host has, is not reported. ' +
      'If the path is one where only programs are (/usr/bin/NAME) and the host has nothing there, this is a ' +
      'warning, but only a note if just a library names it, because the library may never use it, or if the text ' +
      '(/bin/NAME) may be the end of a longer path. Nothing is reported if the same file names another path of the ' +
      'program, or another shell, that exists.',
    matters:
      'A program that the host lacks cannot be run, and the feature that needs it fails. A program that the host ' +
      'has runs with the host’s libraries and configuration, in a version that nobody tested with the extension.',
    fix:
      'Ship the program with the extension (pass its path to “flix vendor”) and tell its caller where it is, with ' +
      'an option, a configuration file or a variable. If the host’s program is meant, list the finding in “allow” of ' +
      'flix.json.',
  },
  find,
);

function find({ subjects, merge }: Evidence): HostHelper[] {
  const found = new Map<string, HostHelper>();
  if (!merge.host) return [];
  for (const subject of subjects)
    for (const object of subject.extension.claim === 'self-contained' ? subject.objects : []) {
      if (!isOf(subject.extension, merge.providerOf(object.real))) continue;
      for (const helper of helpersIn(merge.view, object.real)) {
        if (helper.real !== undefined && isOf(subject.extension, merge.providerOf(helper.real))) continue;
        const key = `${subject.extension.name}\0${helper.path}`;
        const finding = found.get(key);
        found.set(key, joined(finding, findingOf(helper, object, subject, merge)));
      }
    }
  return [...found.values()];
}

/** Makes one finding of a helper, however many files name it and however many programs load those. */
function joined(first: HostHelper | undefined, next: HostHelper): HostHelper {
  if (!first) return next;
  const [kept, added] =
    next.severity === 'warning' && first.severity === 'info' ? [next, first] : [first, next];
  const alsoIn = new Set([...(kept.alsoIn ?? []), added.subject, ...(added.alsoIn ?? [])]);
  alsoIn.delete(kept.subject);
  return { ...kept, alsoIn: [...alsoIn], namedBy: [...new Set([...kept.namedBy, ...added.namedBy])].sort() };
}

function findingOf({ path, real }: Helper, object: LoadedObject, subject: Subject, merge: Merge): HostHelper {
  const provider = real === undefined ? undefined : merge.providerOf(real);
  const step =
    real === undefined ? notFound(path) : { name: path, path: real, provider: provider!, origin: null };
  return {
    severity: provider || object.real !== subject.path || !path.startsWith('/usr/') ? 'info' : 'warning',
    extension: subject.extension,
    subject: subject.path,
    chain: [...chainTo(object, subject, merge), step],
    culprit: path,
    namedBy: [object.real],
    message: provider
      ? `${basename(object.real)} names ${path}, a program of ${providerText(provider)}`
      : `${basename(object.real)} names ${path}, which the host does not have`,
    fix: fixFor(path, basename(subject.path), provider !== undefined),
  };
}

function fixFor(path: string, user: string, isThere: boolean): string {
  const name = basename(path);
  const ofHost = `${name} belongs to the service manager of the host`;
  if (isOfServiceManager(path))
    return isThere
      ? `${ofHost}, so that its own is meant: list the finding in “allow” of flix.json.`
      : `${ofHost}, and no extension can bring it: choose a host that has it, or do without the feature that needs it.`;
  return isThere
    ? `Ship ${name} and tell ${user} where it is; if the host’s is meant, list the finding in “allow” of flix.json.`
    : `Ship ${name}, or do without the feature that needs it.`;
}

/** A program that an object of an extension may run by its absolute path. */
interface Helper {
  /** As the file contains it. */
  readonly path: string;
  /** Its real path in the merged view; `undefined` if it does not exist. */
  readonly real: string | undefined;
}

/** Directories of programs only, so a missing path was meant to be a program. */
const PROGRAMS_ONLY = /^(?:\/usr)?\/s?bin\/[^/]+$/;
/** A file that names several shells uses one that exists: getusershell(3), editors. */
const SHELL = /^(?:a|b|ba|c|da|fi|k|mk|pdk|tc|z)?sh$/;
/** The shadow suite tries to run these after each change, and silently ignores that they are missing. */
const OPTIONAL = new Set(['/usr/sbin/nscd', '/usr/sbin/sss_cache']);

/**
 * Returns the programs that an object names. Programs that every host has are left out, and so are missing ones that
 * are not needed, because another path of the same program, or another shell, exists.
 * @param path the real path of the object
 */
const helpersIn = memoised((view, path): readonly Helper[] => {
  const named = compiledIn(view, path).programs.map(text => ({ path: text, real: programAt(view, text) }));
  const there = named.filter(({ real }) => real !== undefined);
  const missed = new Map(
    named.filter(({ path: text }) => isMissed(view, text)).map(helper => [kindOf(helper), helper]),
  );
  for (const helper of there) missed.delete(kindOf(helper));
  return [...there.filter(({ path: text }) => !ON_EVERY_HOST.test(text)), ...missed.values()];
});

/** Returns `undefined` if the path does not exist or is not a program. */
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

/** Returns a key that is equal for programs that can replace each other. */
function kindOf({ path }: Helper): string {
  const name = basename(path);
  return SHELL.test(name) ? 'a shell' : name;
}
