import { expandTokens } from '../../../resolve/tokens.ts';
import { follow } from '../../../view/follow.ts';
import { objectAt } from '../../../view/object.ts';
import { normalise, parent } from '../../../view/path.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import type { Merge } from '../../merge.ts';

interface OutsideRunPath extends Observation {
  /** As the file contains it. */
  readonly element: string;
}

export const outsideRunPath = defineCheck(
  'leaks/run-path',
  {
    title: 'A run path points outside the extension',
    means:
      'An object of an extension that claims to be self-contained (ID=_any) has an RPATH or RUNPATH with a ' +
      'directory that does not belong to the extension alone: a directory of the host, a directory that does not ' +
      'exist, a relative one, or an empty element, which means the current directory. In an extension that is ' +
      'bound to its host only the last two are reported.',
    matters:
      'Whoever can put a file into that directory decides what the program loads: another package of the host or, ' +
      'for a directory of a build machine or a relative one, any user. If the host has a library of the right name ' +
      'there, it takes precedence over the extension’s own.',
    fix:
      'Remove the run path (patchelf --remove-rpath), or let it begin with $ORIGIN. “flix vendor” does what is ' +
      'needed.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, inventories }: Evidence): Generator<OutsideRunPath> {
  for (const { extension, programs, objects } of inventories)
    for (const path of [...programs, ...objects]) {
      const { dynamic } = objectAt(merge.view, path).facts ?? {};
      for (const element of (dynamic?.runpath ?? dynamic?.rpath)?.split(':') ?? []) {
        const outside = directoryOutside(element, path, extension, merge);
        if (outside !== undefined) yield finding(path, element, outside, extension, merge);
      }
    }
}

/** Describes an element that does not point to a directory of the extension alone; otherwise returns `undefined`. */
function directoryOutside(
  element: string,
  path: string,
  { view, claim }: Extension,
  { host }: Merge,
): string | undefined {
  const directory = expandTokens(element, { ORIGIN: parent(path), LIB: undefined, PLATFORM: undefined });
  // the loader expands $LIB and $PLATFORM to directories that it searches anyway
  if (directory === undefined) return undefined;
  if (directory === '') return 'the current directory';
  if (!directory.startsWith('/')) return 'a directory relative to the current one';
  if (claim === 'host-bound') return undefined;
  const own = follow(view, directory).path;
  if (own === undefined) return `${normalise(directory)}, which the extension does not contain`;
  const shared = host && follow(host.view, own).path !== undefined;
  return shared ? `${own}, which exists on the host as well` : undefined;
}

function finding(
  path: string,
  element: string,
  outside: string,
  extension: Extension,
  { providerOf }: Merge,
): OutsideRunPath {
  return {
    extension,
    subject: path,
    chain: [{ name: path, path, provider: providerOf(path), origin: null }],
    culprit: element,
    element,
    message: `the run path of ${path} contains ${outside}`,
    fix: `Run patchelf --remove-rpath ${path.slice(1)} in the tree, or vendor the file with “flix vendor”.`,
  };
}
