import { execaSync } from 'execa';
import { writeFileSync, truncateSync, openSync, writeSync, closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TarEntry } from '../../src/stage/tar-entry.ts';
import { readTar } from '../../src/stage/tar-reader.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { memberBytes, type Member, paxBytes, pieces, tar } from './archive.ts';

const at = scratch();

interface Read extends TarEntry {
  readonly content: Buffer;
}

async function read(archive: Uint8Array, length?: number): Promise<Read[]> {
  const found: Read[] = [];
  await readTar(pieces(archive, length), entry => {
    const content = Buffer.alloc(entry.type === 'file' ? entry.size : 0);
    found.push({ ...entry, content });
    return { write: (piece, start) => content.set(piece, start), end: () => {} };
  });
  return found;
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('an archive', () => {
  it('is read the same, however it is cut into pieces', async () => {
    const archive = tar(
      { name: 'a', content: 'x'.repeat(700) },
      { name: 'd/', type: '5', mode: 0o755 },
      { name: 'b' },
    );
    const whole = await read(archive, archive.length);
    expect(whole.map(({ name, type, size }) => ({ name, type, size }))).toEqual([
      { name: 'a', type: 'file', size: 700 },
      { name: 'd/', type: 'directory', size: 0 },
      { name: 'b', type: 'file', size: 0 },
    ]);
    for (const length of [1, 511, 513]) expect(await read(archive, length)).toEqual(whole);
  });

  it('may have long names, numbers and attributes in extended headers, with any bytes', async () => {
    const name = `${'n'.repeat(200)}\n\xff`;
    const [entry] = await read(
      tar({
        name: 'short',
        type: '2',
        link: 'short',
        pax: [
          ['path', bytes(name)],
          ['linkpath', bytes('t\xfe')],
          ['uid', '3000000'],
          ['mtime', '12.5'],
          ['SCHILY.xattr.security.capability', bytes('\x01\x00\n=')],
        ],
      }),
    );
    expect(entry).toMatchObject({ name, link: 't\xfe', uid: 3_000_000, mtime: 12.5, type: 'link' });
    expect(entry!.attributes.get('security.capability')).toEqual(bytes('\x01\x00\n='));
  });

  it('may have long names of GNU tar, names with a prefix, and numbers in base 256', async () => {
    const long = 'l'.repeat(300);
    const found = await read(
      tar(
        { name: '././@LongLink', type: 'L', content: `${long}\0` },
        { name: 'cut', raw: [[108, bytes('\x80\0\0\0\0\x2d\xc6\xc0')]] },
        { name: 'base', raw: [[345, bytes('some/prefix')]] },
        { name: 'old/' },
        { name: 'next' },
      ),
    );
    expect(found.map(({ name }) => name)).toEqual([long, 'some/prefix/base', 'old/', 'next']);
    expect(found[0]!.uid).toBe(3_000_000);
    expect(found[2]!.type).toBe('directory');
  });

  it('applies a global extended header to all that follow, below their own', async () => {
    const found = await read(
      Buffer.concat([
        memberBytes({ name: 'g', type: 'g', content: paxBytes([['uid', '7']]) }),
        tar({ name: 'a' }, { name: 'b', pax: [['uid', '8']] }, { name: 'c' }),
      ]),
    );
    expect(found.map(({ uid }) => uid)).toEqual([7, 8, 7]);
  });

  it('stops at two blocks of zeros, and may lack them', async () => {
    const end = tar({ name: 'a' });
    expect(await read(Buffer.concat([end, Buffer.from('garbage')]))).toHaveLength(1);
    expect(await read(memberBytes({ name: 'a', content: 'x' }))).toHaveLength(1);
  });

  it.runIf(has('tool:tar'))('may contain sparse files in each format of GNU tar', async () => {
    const file = at('sparse');
    writeFileSync(file, 'start');
    truncateSync(file, 3_000_000);
    const descriptor = openSync(file, 'r+');
    for (let i = 1; i < 30; i++) writeSync(descriptor, `part ${i}`, i * 100_000);
    closeSync(descriptor);
    for (const format of ['--format=gnu', '--format=posix', '--sparse-version=0.0', '--sparse-version=0.1']) {
      const options = format.startsWith('--sparse') ? ['--format=posix', format] : [format];
      const { stdout } = execaSync('tar', ['-C', at(), '-cS', ...options, 'sparse'], { encoding: 'buffer' });
      expect(stdout.length).toBeLessThan(400_000);
      const [entry] = await read(stdout);
      expect({ format, name: entry!.name, size: entry!.size }).toEqual({
        format,
        name: 'sparse',
        size: 3_000_000,
      });
      const expected = Buffer.alloc(3_000_000);
      expected.write('start');
      for (let i = 1; i < 30; i++) expected.write(`part ${i}`, i * 100_000);
      expect(entry!.content.equals(expected)).toBe(true);
    }
  });
});

describe('a damaged archive', () => {
  const damaged: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    'is no archive': [Buffer.from('x'.repeat(600)), /no header at byte 0/],
    'is empty': [Buffer.alloc(0), /ends too early/],
    'ends in a header': [tar({ name: 'a' }).subarray(0, 300), /ends too early/],
    'ends in a file': [
      memberBytes({ name: 'a', content: 'x'.repeat(900) }).subarray(0, 1000),
      /ends too early/,
    ],
    'has a huge extended header': [tar({ name: 'p', type: 'x', size: 10 ** 10 }), /has 10000000000 bytes/],
    'has a huge long name': [tar({ name: 'p', type: 'L', size: 10 ** 10 }), /has 10000000000 bytes/],
    'has a damaged extended header': [
      tar({ name: 'p', type: 'x', content: '99 a=b\n' }),
      /header is damaged/,
    ],
    'has an unknown type': [tar({ name: 'p', type: 'Q' }), /unknown type "Q"/],
    'has a negative size': [tar({ name: 'p', raw: [[124, bytes('\xff'.repeat(12))]] }), /not a number/],
    'has an owner with a fraction': [tar({ name: 'p', pax: [['uid', '1.5']] }), /1.5 is not the number/],
    'has an owner that is too large': [tar({ name: 'p', pax: [['gid', '4294967295']] }), /is not the number/],
    'has a negative owner': [
      tar({ name: 'p', raw: [[108, bytes('\xff'.repeat(8))]] }),
      /-1 is not the number/,
    ],
    'has a file larger than its stated size': [
      tar({ name: 'p', content: 'xy', pax: [['GNU.sparse.size', '1']] }),
      /does not fit the file/,
    ],
    'has a sparse file whose size has a fraction': [
      tar({ name: 'p', content: 'x', pax: [['GNU.sparse.realsize', '1.5']] }),
      /"1.5" where a number is expected/,
    ],
    'has a size that is no number': [tar({ name: 'p', raw: [[124, bytes('12x')]] }), /not a number/],
  };
  for (const [what, [archive, message]] of Object.entries(damaged))
    it(`is refused if it ${what}`, async () => {
      await expect(read(archive)).rejects.toThrow(message);
    });

  const sparse = (map: string, size: number, content = 'x'): Member => ({
    name: 'a',
    content,
    pax: [
      ['GNU.sparse.major', '0'],
      ['GNU.sparse.map', map],
      ['GNU.sparse.size', String(size)],
    ],
  });
  it('is refused if the map of a sparse file does not fit it', async () => {
    for (const [map, size] of [
      ['5,1', 3],
      ['0,1,0,1', 3],
      ['0,2', 3],
      ['0', 3],
      ['a,1', 3],
    ] as const)
      await expect(read(tar(sparse(map, size)))).rejects.toThrow('the archive cannot be unpacked');
  });

  it('is refused if the map inside a sparse file never ends', async () => {
    const member: Member = {
      name: 'a',
      content: '1\n'.repeat(100_000),
      pax: [
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.realsize', '100'],
      ],
    };
    await expect(read(tar(member))).rejects.toThrow('the archive cannot be unpacked');
    await expect(read(tar({ ...member, content: '7'.repeat(2000) }))).rejects.toThrow('is damaged');
  });
});
