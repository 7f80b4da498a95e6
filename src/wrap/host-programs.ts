import type { Runner } from './wrapping.ts';

/** A program that wrappers call on the host. */
export interface HostProgram {
  /** Absolute, as they call it. */
  readonly program: string;
  /** The project whose program it has to be; others of that name lack options. */
  readonly of?: 'util-linux';
  /** The oldest version of it that has the options. */
  readonly floor?: string;
  /** Wrappers work without it, where the kernel lets users make user namespaces. */
  readonly optional?: true;
}

/** `--map-user` and `--map-group` of unshare. */
const UTIL_LINUX = '2.36';

export function hostPrograms(runner: Runner): HostProgram[] {
  const utilLinux = ['/usr/bin/unshare', '/usr/bin/mount'].map((program): HostProgram => ({
    program,
    of: 'util-linux',
    floor: UTIL_LINUX,
  }));
  // root never needs bwrap, and a host that has no other user may lack it
  const bwrap: HostProgram[] = runner === 'unshare' ? [] : [{ program: '/usr/bin/bwrap', optional: true }];
  return [{ program: '/bin/sh' }, ...utilLinux, ...bwrap];
}
