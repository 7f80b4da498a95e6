import { follow } from '../view/follow.ts';
import type { Kind, Stat, View } from '../view/view.ts';

/** Why a unit does not start, or starts without doing anything. */
export interface StartFault {
  /** The setting that cannot be fulfilled. */
  readonly key: string;
  /** As written. */
  readonly value: string;
  /** The path or the unit that is the cause. */
  readonly culprit: string;
  /** What is wrong with the culprit, as the predicate of a sentence. */
  readonly because: string;
  /** What systemd does, as the predicate of a sentence. */
  readonly effect: string;
  /** systemd skips the unit and does not consider that a failure. */
  readonly isSkipped: boolean;
}

/** The root as it is when a unit is started. */
export interface StartRoot {
  /** What is mounted, with everything that was created in time. */
  readonly view: View;
  /** Whether a path may exist: commands that flix does not understand may have created it, or it is among data that is not looked at. */
  readonly mayExist: (path: string) => boolean;
  /** Whether a path is below a merged hierarchy, where nothing can be created. */
  readonly isReadOnly: (path: string) => boolean;
  /** The interpreter of a script at a real path; `undefined`: it is none, or its bytes are not known. */
  readonly interpreterOf: (path: string) => string | undefined;
  /** Whether a unit is defined. */
  readonly hasUnit: (name: string) => boolean;
}

type Found = Omit<StartFault, 'isSkipped' | 'key' | 'value'>;

export function fault(key: string, value: string, found: Found): StartFault {
  return { key, value, ...found, isSkipped: false };
}

/** Directories whose contents the kernel makes. */
export const VOLATILE = /^\/(?:dev|proc|sys)(?:\/|$)/;

export function isThere({ view, mayExist }: StartRoot, path: string): boolean {
  return VOLATILE.test(path) || follow(view, path).path !== undefined || mayExist(path);
}

export function kindAt(view: View, path: string): Kind | undefined {
  const found = follow(view, path);
  return found.path === undefined ? undefined : found.kind;
}

/** Of what was created at boot, the mode and size are unknown; it counts as executable and not empty. */
export function statAt(view: View, path: string): Stat | undefined {
  try {
    return view.stat(follow(view, path).path!);
  } catch {
    return undefined;
  }
}

export function isExecutable(view: View, path: string): boolean {
  const stat = statAt(view, path);
  return stat === undefined || (stat.mode & 0o111) !== 0;
}
