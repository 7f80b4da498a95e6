/** One mount of the view. */
export interface Mount {
  /** Host path. */
  readonly from: string;
  /** Host path, absolute. */
  readonly to: string;
  readonly kind: 'bind' | 'rbind';
  readonly readOnly?: boolean;
  /** Skipped on a host that lacks the source. */
  readonly optional?: boolean;
  /** Covers the host's ld.so.cache: a host without one lacks the mount point. */
  readonly ofCache?: true;
}

/** overmount: the staged /usr is mounted over the host's. chroot: the host's directories are bound into the staged root. */
export type Form = 'overmount' | 'chroot';

/** The program that sets up the view. `auto`: unshare, or bwrap where the kernel denies users unshare. */
export type Runner = 'auto' | 'unshare' | 'bwrap';

/** How the programs of one tree are run. */
export interface Wrapping {
  /** The extension's name; also that of the marker `usr/.<name>`, by which a nested wrapper knows that it is inside. */
  readonly name: string;
  /** The staged root's path on the host, such as `/usr/local/<name>`. */
  readonly prefix: string;
  readonly form: Form;
  readonly runner: Runner;
  readonly mounts: readonly Mount[];
}

/** A program that wrappers call on the host. */
export interface HostProgram {
  /** Absolute, as wrappers call it. */
  readonly program: string;
  /** The project it must come from; other programs of that name lack options. */
  readonly of?: 'util-linux';
  /** The oldest version with those options. */
  readonly floor?: string;
  /** Needed only where the kernel does not let users create user namespaces. */
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
  // root never needs bwrap, so a host without other users may lack it
  const bwrap: HostProgram[] = runner === 'unshare' ? [] : [{ program: '/usr/bin/bwrap', optional: true }];
  return [{ program: '/bin/sh' }, ...utilLinux, ...bwrap];
}
