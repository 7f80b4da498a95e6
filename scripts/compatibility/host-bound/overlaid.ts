import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { targetOf } from '../../../src/plan/target.ts';
import { cacheDirectory, labRoot } from '../../../test/lab/roots.ts';
import { withDirectory } from '../tree.ts';
import type { Release } from '../row.ts';

/** A file or link below /usr or /opt that an installation made or changed. */
export interface OverlaidFile {
  readonly path: string;
  readonly type: 'f' | 'l';
  /** In bytes. */
  readonly size: number;
  /** `undefined`: a script of a package made it. */
  readonly package: string | undefined;
}

/** What an installation of packages over a host changes. */
export interface Overlaid {
  readonly files: readonly OverlaidFile[];
  /** Those of them that the host has, too: the extension would hide the host’s. */
  readonly replaced: readonly string[];
}

/** Downloaded packages and package lists are kept between installations. */
const INSTALL = `
set -eu
lower=$1 at=$2 cache=$3 out=$4; shift 4
mount -t tmpfs flix-lab "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay flix-lab -o "lowerdir=$lower,upperdir=$at/upper,workdir=$at/work" "$at/root"
mount -t proc proc "$at/root/proc"
mount --rbind /dev "$at/root/dev"
mkdir -p "$at/root/etc" "$cache/archives/partial" "$cache/lists/partial"
cat /etc/resolv.conf > "$at/root/etc/resolv.conf"
mount --bind "$cache/archives" "$at/root/var/cache/apt/archives"
mount --bind "$cache/lists" "$at/root/var/lib/apt/lists"
printf '#!/bin/sh\\nexit 101\\n' > "$at/root/usr/sbin/policy-rc.d"; chmod +x "$at/root/usr/sbin/policy-rc.d"
apt() { DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$at/root" apt-get -qy -o APT::Sandbox::User=root -o APT::Keep-Downloaded-Packages=true "$@"; }
[ -n "$(find "$cache/lists" -maxdepth 1 -name '*Packages*' -mmin -600)" ] || apt update
apt --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install "$@"
rm -f "$at/root/usr/sbin/policy-rc.d"
cd "$at/upper"
for top in usr opt; do [ ! -d $top ] || find $top -type f -o -type l; done | while read -r file; do
  printf '%s\\t%s\\n' "$(stat --printf '%f\\t%s' "$file")" "/$file"
done > "$out/files"
for list in var/lib/dpkg/info/*.list; do [ ! -e "$list" ] || sed "s|^|$(basename "$list" .list)\\t|" "$list"; done > "$out/owners"
`;

/** Installs packages over a minimal host of a release with apt, as an overlay image of mkosi does. Caches the answer. */
export async function overlaid(
  packages: readonly string[],
  release: Release,
  scratch: string,
): Promise<Overlaid> {
  const host = fs.realpathSync(await labRoot(`host-${release}`));
  const cache = path.join(cacheDirectory, 'host-bound', release);
  const key = createHash('sha256')
    .update([INSTALL, host, ...packages].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const place = path.join(cache, `${key}.json`);
  if (fs.existsSync(place)) return JSON.parse(fs.readFileSync(place, 'utf8')) as Overlaid;
  fs.mkdirSync(cache, { recursive: true });
  const answer = await withDirectory(scratch, 'overlay', async directory => {
    const at = path.join(directory, 'at');
    fs.mkdirSync(at);
    const command = ['--mount', '--propagation', 'private', 'sh', '-c', INSTALL, 'install'];
    await execa('unshare', [...command, host, at, cache, directory, ...packages], { stdin: 'ignore' });
    return readAnswer(directory, host);
  });
  fs.writeFileSync(place, JSON.stringify(answer));
  return answer;
}

function readAnswer(directory: string, host: string): Overlaid {
  const lines = (name: string) =>
    fs.readFileSync(path.join(directory, name), 'utf8').split('\n').slice(0, -1);
  const owners = new Map<string, string>();
  for (const line of lines('owners')) {
    const [owner, file] = line.split('\t') as [string, string];
    // packages name files in /lib and so on, which are links into /usr
    owners.set(targetOf(file) ?? file, owner.replace(/:.*/, ''));
  }
  const files = lines('files').map((line): OverlaidFile => {
    const [mode, size, file] = line.split('\t') as [string, string, string];
    const owner = owners.get(file);
    const isLink = (Number.parseInt(mode, 16) & 0o170_000) === 0o120_000;
    return { path: file, type: isLink ? 'l' : 'f', size: Number(size), package: owner };
  });
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const replaced = files.map(file => file.path).filter(file => exists(host + file));
  return { files, replaced };
}

function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
