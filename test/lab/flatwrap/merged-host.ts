import path from 'node:path';

/** A host with extensions merged. */
export interface MergedHost {
  /** The root of the host. Nothing is written to it. */
  readonly host: string;
  /** Directories whose `usr` is laid over the host's, the uppermost first. */
  readonly layers: readonly string[];
  /** An empty directory of the test. Its `data` is /mnt inside. */
  readonly scratch: string;
}

/**
 * Makes /usr an overlay without an upper layer, as systemd-sysext does, so that nobody can write to it. The host becomes the
 * root of a new mount namespace, not of a chroot, in which the kernel refuses user namespaces. No mount remains afterwards.
 */
const MERGE = `
set -eu
at=$1 host=$2 usr=$3 data=$4; shift 4
mount -t tmpfs flix-lab "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay flix-lab -o "lowerdir=$host,upperdir=$at/upper,workdir=$at/work" "$at/root"
cd "$at/root"
mount -t overlay flix-lab -o "ro,lowerdir=$usr" usr
mount --rbind /proc proc
mount --rbind /sys sys
mount -t tmpfs -o mode=755 flix-lab dev
# bind device nodes one by one, so that none of the machine's own can be replaced
for node in null zero full random urandom tty; do
  : > "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,mode=620,ptmxmode=666 flix-lab dev/pts
ln -s pts/ptmx dev/ptmx
mount --bind "$data" mnt
mount -t tmpfs flix-lab tmp
mount -t tmpfs flix-lab run
mkdir -p home/user "home/user/a b
'c'" srv/data/deep data old
chown 1000:1000 home/user
pivot_root . old
cd /
umount -l old
rmdir old
exec "$@"
`;

/** Returns the command that runs `argv` inside. */
export function inMergedHost({ host, layers, scratch }: MergedHost, argv: readonly string[]): string[] {
  const usr = [...layers, host].map(layer => path.join(layer, 'usr')).join(':');
  const places = [path.join(scratch, 'at'), host, usr, path.join(scratch, 'data')];
  return ['unshare', '--mount', 'sh', '-c', MERGE, 'merge', ...places, ...argv];
}
