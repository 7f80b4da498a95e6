import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultDirectorySlots, glibcVersion } from '../../src/elf/loader-strings.ts';

const MACHINE_LOADER = '/lib64/ld-linux-x86-64.so.2';
const HEADERS = 64 + 2 * 56;

/** Writes a 64-bit file with a read-only and a writable segment that contain only text. */
function file(readOnly: string, writable = ''): Buffer {
  const header = Buffer.alloc(HEADERS);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(2, 56);
  const segment = (at: number, flags: number, offset: number, size: number) => {
    header.writeUInt32LE(1, at);
    header.writeUInt32LE(flags, at + 4);
    for (const [field, value] of [
      [8, offset],
      [16, offset],
      [24, offset],
      [32, size],
      [40, size],
      [48, 1],
    ] as const)
      header.writeBigUInt64LE(BigInt(value), at + field);
  };
  segment(64, 4, HEADERS, readOnly.length);
  segment(120, 6, HEADERS + readOnly.length, writable.length);
  return Buffer.concat([header, Buffer.from(readOnly + writable, 'latin1')]);
}

const texts = (content: Uint8Array) =>
  defaultDirectorySlots(content).map(list => list.map(({ text }) => text));

describe('default directories', () => {
  const debian = '/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0';
  const debianList = ['/lib/x86_64-linux-gnu/', '/usr/lib/x86_64-linux-gnu/', '/lib/', '/usr/lib/'];

  it.each<[name: string, content: Buffer, lists: string[][]]>([
    ['a list that stands twice', file(`\0${debian}x\0${debian}`), [debianList, debianList]],
    ['a list that stands once, before 2.33', file(`\0${debian}`), [debianList]],
    [
      'a single directory that occurs twice',
      file('\0/usr/lib/\0LD_\0/usr/lib/\0'),
      [['/usr/lib/'], ['/usr/lib/']],
    ],
    ['a single directory that stands once', file('\0/usr/lib/\0LD_\0'), []],
    [
      'other directories beside the list',
      file(`\0/proc/self/fd/\0x\0${debian}x\0/proc/self/fd/\0`),
      [debianList],
    ],
    [
      'a sealed loader',
      file('\0/usr/.1234/\0/dev/0/\0x\0/usr/.1234/\0/dev/0/\0'),
      [
        ['/usr/.1234/', '/dev/0/'],
        ['/usr/.1234/', '/dev/0/'],
      ],
    ],
    ['a directory inside a sentence', file('\0look in /lib/\0/usr/lib/ too\0'), []],
    ['the end of a longer string', file('\0x/lib/\0./usr/lib/\0'), []],
    ['a writable segment', file('\0', debian), []],
    ["musl's path", file('\0/lib:/usr/local/lib:/usr/lib\0/share/zoneinfo/\0/etc/zoneinfo/\0'), []],
  ])('%s', (_name, content, lists) => {
    expect(texts(content)).toEqual(lists);
  });

  it('gives offsets in the file', () => {
    const content = file(`ab\0${debian}`);
    for (const { offset, length, text } of defaultDirectorySlots(content).flat())
      expect(content.toString('latin1', offset, offset + length + 1)).toBe(`${text}\0`);
  });

  it.skipIf(!fs.existsSync(MACHINE_LOADER))("are found in this machine's loader", () => {
    const lists = defaultDirectorySlots(fs.readFileSync(MACHINE_LOADER));
    expect(lists).toHaveLength(2);
    expect(lists[0]!.map(({ text }) => text)).toContain('/usr/lib/');
  });
});

describe('version of glibc', () => {
  it.each([
    ['\0ld.so (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n', '2.36'],
    ['\0GNU C Library development release version 2.42.9000.\n', '2.42.9000'],
    ['\0musl libc (x86_64)\nVersion 1.2.5\n', undefined],
    ['\0release version of something else', undefined],
  ])('%j', (text, version) => {
    expect(glibcVersion(file(text))).toBe(version);
  });
});
