import { readByHosts } from '../../needs/every-host.ts';
import { isProgram } from '../../elf/classify.ts';
import { headOf, shebang } from '../../view/text.ts';
import { objectAt } from '../../view/object.ts';
import { normalise, within } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import type { PathRequest } from '../request.ts';
import { followNamed, refuseMalformed, specialFile } from '../source.ts';
import { namedTarget, targetOf } from '../target.ts';
import { resolveParent } from '../../view/follow.ts';

/** A path that the user named, and its role in a wrapped tree. */
export interface NamedPath {
  /** As it was named, inside the root; its last component may be a link. */
  readonly path: string;
  readonly real: string;
  /** `run`: a program, or a script that the kernel starts by its first line. */
  readonly is: 'run' | 'file' | 'directory';
  /** Where its wrapper or a copy lies outside the staged root; `undefined`: only the view shows it. */
  readonly target: string | undefined;
}

/** Reads a named path. Throws `FlixError` if it does not exist, or cannot be placed in the tree. */
export function readNamedPath(view: View, { source, target }: PathRequest): NamedPath {
  const given = normalise(source);
  const real = followNamed(view, given);
  const path = resolveParent(view, given);
  if (real.kind === 'other') throw specialFile(real.path);
  const is = real.kind === 'directory' ? real.kind : runsOrNot(view, real.path);
  const place = targetOf(path);
  const beside = target !== undefined || is === 'run' || (place !== undefined && isHostFacing(place));
  return {
    path,
    real: real.path,
    is,
    target: beside ? namedTarget(normalise(target ?? path), source) : undefined,
  };
}

function runsOrNot(view: View, real: string): 'run' | 'file' {
  const { facts } = objectAt(view, real);
  if (facts) return isProgram(facts) ? 'run' : 'file';
  refuseMalformed(view, real);
  const executable = (view.stat(real).mode & 0o111) !== 0;
  return executable && shebang(headOf(view, real)) ? 'run' : 'file';
}

/** Directories that programs of the host read: their files must lie at their own paths, outside the staged root. */
const HOST_FACING = [
  ...readByHosts,
  '/usr/lib/firewalld',
  '/usr/lib/NetworkManager',
  '/usr/share/fish',
  '/usr/share/fonts', // the view shows those of the host
  '/usr/share/metainfo',
  '/usr/share/user-tmpfiles.d',
  '/usr/share/wayland-sessions',
  '/usr/share/xsessions',
  '/usr/share/zsh',
];

/** @param target absolute, in the tree */
export function isHostFacing(target: string): boolean {
  return HOST_FACING.some(directory => within(directory, target));
}
