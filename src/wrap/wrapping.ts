/** One mount of the view, in the order in which it is made. */
export interface Mount {
  /** Host path. */
  readonly from: string;
  /** Host path, absolute. */
  readonly to: string;
  readonly kind: 'bind' | 'rbind';
  readonly readOnly?: boolean;
  /** A host that lacks it goes without. */
  readonly optional?: boolean;
  /** It covers the host's ld.so.cache: a host that has none lacks the mount point. */
  readonly ofCache?: true;
}

/** overmount: the staged /usr covers the host's. chroot: the host's directories are bound into the staged root. */
export type Form = 'overmount' | 'chroot';

/** What makes the view. `auto`: unshare, and bwrap where the kernel denies users unshare. */
export type Runner = 'auto' | 'unshare' | 'bwrap';

/** How the programs of one tree are run. */
export interface Wrapping {
  /** The extension's: it names the marker `usr/.<name>`, by which a nested call knows that it is inside. */
  readonly name: string;
  /** Where the staged root is on the host, as `/usr/local/<name>`. */
  readonly prefix: string;
  readonly form: Form;
  readonly runner: Runner;
  readonly mounts: readonly Mount[];
}

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
