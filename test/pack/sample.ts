import fs from 'node:fs';
import type { Progress } from '../../src/io/progress.ts';
import type { PackOptions } from '../../src/pack/options.ts';

/** The files of the tree, in the order of creation: tmpfs lists the newest first, ext4 by a hash. */
const FILES: readonly (readonly [path: string, content: string, mode: number])[] = [
  ['usr/lib/extension-release.d/extension-release.demo', 'ID=_any\n', 0o644],
  ['usr/bin/demo', 'x'.repeat(100_000), 0o4755],
  ['usr/share/a name\nwith a $(break) and \'"quotes"', 'q', 0o600],
  ['usr/share/-dash', '', 0o644],
  ...Array.from({ length: 60 }, (_, i) => [`usr/share/many/${i}`, `${i}`.repeat(i * 300), 0o644] as const),
];

export interface SampleOptions {
  readonly reverse?: boolean;
  readonly umask?: number;
  /** The time of every file, in seconds. */
  readonly time?: number;
}

/** The tree of an extension with unusual names, hard links, dangling and absolute links, setuid, an empty directory. */
export function sampleTree(
  root: string,
  { reverse = false, umask = 0o022, time = 1e9 }: SampleOptions = {},
): string {
  const before = process.umask(umask);
  for (const [file, content, mode] of reverse ? [...FILES].reverse() : FILES) {
    fs.mkdirSync(`${root}/${file}/..`.replace(/\/[^/]*\/\.\.$/, ''), { recursive: true });
    fs.writeFileSync(`${root}/${file}`, content);
    fs.chmodSync(`${root}/${file}`, mode);
    fs.utimesSync(`${root}/${file}`, time, time);
  }
  fs.linkSync(`${root}/usr/bin/demo`, `${root}/usr/bin/hard`);
  fs.symlinkSync('demo', `${root}/usr/bin/soft`);
  fs.symlinkSync('/nowhere', `${root}/usr/bin/dangling`);
  fs.mkdirSync(`${root}/opt/empty`, { recursive: true });
  const directories = [
    '',
    'opt',
    'opt/empty',
    'usr',
    'usr/bin',
    'usr/lib',
    'usr/lib/extension-release.d',
    'usr/share',
    'usr/share/many',
  ];
  for (const directory of directories) fs.chmodSync(`${root}/${directory}`, 0o755);
  process.umask(before);
  return root;
}

/** The minimal options: an erofs of the tree, with nothing added in it or beside it. */
export function leastOptions(progress: Progress): PackOptions {
  return {
    format: 'erofs',
    compress: 'small',
    kernel: '5.15',
    epoch: 0,
    type: 'sysext',
    verity: false,
    release: {},
    anyName: false,
    force: false,
    progress,
  };
}
