import path from 'node:path';
import type { MergedHost } from './merged-host.ts';

const BOOT = `
set -eu
at=$1 host=$2 usr=$3 data=$4 units=$5; shift 5
mount -t tmpfs flix-lab "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay flix-lab -o "lowerdir=$host,upperdir=$at/upper,workdir=$at/work" "$at/root"
mount -t overlay flix-lab -o "ro,lowerdir=$usr" "$at/root/usr"
cp "$units"/* "$at/root/etc/systemd/system"
exec timeout 500 systemd-nspawn --quiet --register=no --keep-unit --console=pipe --bind="$data:/mnt" \\
  -D "$at/root" -b "$@"
`;

/**
 * Returns the command that boots the merged host in a container, with its own systemd.
 *
 * @param units a directory with system units of the administrator
 * @param wanted the unit to boot into; the container ends with it
 */
export function bootMergedHost(
  { host, layers, scratch }: MergedHost,
  units: string,
  wanted: string,
): string[] {
  const usr = [...layers, host].map(layer => path.join(layer, 'usr')).join(':');
  const places = [path.join(scratch, 'at'), host, usr, path.join(scratch, 'data'), units];
  return ['unshare', '--mount', 'sh', '-c', BOOT, 'boot', ...places, `systemd.unit=${wanted}`];
}
