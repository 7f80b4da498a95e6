import { execa } from 'execa';

/**
 * Runs commands inside a lab root that is not written to: an overlay of it is the root of a mount namespace of its own,
 * so that nothing is left over whatever becomes of us. `pivot_root`, not chroot: systemd looks for itself there.
 */
const ENTER = `
set -eu
work=$1 lower=$2 shared=$3; shift 3
mount -t tmpfs flix-lab "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay flix-lab -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" "$work/root"
cd "$work/root"
mkdir -p proc sys dev run tmp shared
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir run/systemd
mount --bind "$shared" shared
pivot_root . .
umount -l .
cd /
mount --make-rshared /
exec "$@"
`;

export interface Overlay {
  /** A lab root. */
  readonly root: string;
  /** An empty directory of the test: where the overlay is mounted. */
  readonly work: string;
  /** Seen as /shared, and written to. */
  readonly shared: string;
}

export async function runInOverlay({ root, work, shared }: Overlay, argv: readonly string[]) {
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const result = await execa(
    'unshare',
    [...namespaces, 'sh', '-c', ENTER, 'enter', work, root, shared, ...argv],
    {
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    },
  );
  return { stdout: result.stdout, stderr: result.stderr, status: result.exitCode ?? -1 };
}

/**
 * What a merge by the root's own systemd-sysext or systemd-confext gives: an image of `shared` is copied to where it is
 * looked for, merged, and a command run.
 */
export function runMerged(
  place: Overlay,
  images: readonly string[],
  command: string,
  { tool = 'systemd-sysext', options = '' }: { readonly tool?: string; readonly options?: string } = {},
) {
  const directory = tool === 'systemd-confext' ? '/var/lib/confexts' : '/var/lib/extensions';
  const script = `
set -eu
# an overlay has to lie on another file system than the one below it
mkdir -p ${directory} ${directory}.mutable
mount -t tmpfs tmpfs ${directory}.mutable
for image in ${images.join(' ')}; do cp -a "/shared/$image" ${directory}/; done
${tool} ${options} merge >&2
${command}
`;
  return runInOverlay(place, ['sh', '-c', script]);
}
