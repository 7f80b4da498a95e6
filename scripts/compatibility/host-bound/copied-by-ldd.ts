import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { directoryView } from '../../../src/view/directory.ts';
import { follow } from '../../../src/view/follow.ts';

/** Copies missing libraries until the staging root has no more of them, because copied libraries need others. */
const COPY = `
set -eu
staging=$1 host=$2 out=$3 at=$4; shift 4
mount -t tmpfs flix-lab "$at"
mkdir "$at/root"
while :; do
  mount -t overlay flix-lab -o "lowerdir=$out:$host" "$at/root"
  for program; do chroot "$at/root" /usr/bin/env LD_TRACE_LOADED_OBJECTS=1 /lib64/ld-linux-x86-64.so.2 "$program" 2>/dev/null || :; done |
    sed -n 's/^\\t\\(.*\\) => not found$/\\1/p' | sort -u > "$at/missing"
  umount "$at/root"
  more=
  while read -r name; do
    for directory in /usr/lib/x86_64-linux-gnu /usr/lib; do
      [ ! -e "$out$directory/$name" ] || continue
      if [ -e "$staging$directory/$name" ]; then
        mkdir -p "$out$directory"; cp -L "$staging$directory/$name" "$out$directory/"; more=yes; break
      fi
    done
  done < "$at/missing"
  [ -n "$more" ] || break
done
`;

/**
 * Makes an extension in the usual way by hand, of the programs and the libraries that `ldd` does not find on one of the hosts.
 * Returns its directory.
 */
export async function copiedByLdd(
  programs: readonly string[],
  staging: string,
  hosts: readonly string[],
  scratch: string,
): Promise<string> {
  const out = path.join(scratch, 'ldd');
  const view = directoryView(staging);
  for (const file of programs) {
    fs.mkdirSync(path.dirname(out + file), { recursive: true });
    // links of update-alternatives lead through /etc of the staging root
    const real = path.join(staging, follow(view, file).path ?? file);
    if (!fs.statSync(real, { throwIfNoEntry: false })?.isFile()) continue;
    fs.copyFileSync(real, out + file);
    fs.chmodSync(out + file, 0o755);
  }
  fs.mkdirSync(path.join(out, 'usr'), { recursive: true });
  for (const host of hosts) {
    const at = path.join(scratch, 'ldd-at');
    fs.mkdirSync(at, { recursive: true });
    const command = ['--mount', '--propagation', 'private', 'sh', '-c', COPY, 'copy'];
    await execa('unshare', [...command, staging, host, out, at, ...programs], { stdin: 'ignore' });
  }
  return out;
}
