import { execa } from 'execa';

/**
 * Makes a temporary overlay of a lab root the root of a new mount namespace, so that the lab root stays unchanged and nothing
 * remains even if the test is killed. Uses `pivot_root`, not chroot, because systemd's tools refuse to work in a chroot.
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
  /** An empty directory of the test, where the overlay is mounted. */
  readonly work: string;
  /** A directory of the test, which is /shared inside and can be written to. */
  readonly shared: string;
}

/** Returns the command that runs `argv` inside a lab root. */
export function inOverlay({ root, work, shared }: Overlay, argv: readonly string[]): string[] {
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  return ['unshare', ...namespaces, 'sh', '-c', ENTER, 'enter', work, root, shared, ...argv];
}

/** Runs a command inside a lab root, without changing the root. */
export async function runInOverlay(place: Overlay, argv: readonly string[]) {
  const [program, ...options] = inOverlay(place, argv);
  const result = await execa(program!, options, {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  return { stdout: result.stdout, stderr: result.stderr, status: result.exitCode ?? -1 };
}

/**
 * Copies images from `shared` to where systemd-sysext or systemd-confext looks for them, has the root's own systemd merge
 * them, and runs a shell command.
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
# the upper layer of an overlay has to be on another file system than the lower one
mkdir -p ${directory} ${directory}.mutable
mount -t tmpfs tmpfs ${directory}.mutable
for image in ${images.join(' ')}; do cp -a "/shared/$image" ${directory}/; done
${tool} ${options} merge >&2
${command}
`;
  return runInOverlay(place, ['sh', '-c', script]);
}
