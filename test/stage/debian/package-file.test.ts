import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { membersOf, readMembers } from '../../../src/stage/debian/package-file.ts';
import { scratch } from '../../io/scratch.ts';
import { tar } from '../archive.ts';

const at = scratch();

/** Makes an archive of ar(1). */
function ar(...members: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...members.flatMap(([name, bytes]) => [
      Buffer.from(`${name.padEnd(16)}${'0'.padEnd(32)}${String(bytes.length).padEnd(10)}\`\n`, 'latin1'),
      bytes,
      Buffer.alloc(bytes.length % 2, '\n'),
    ]),
  ]);
}

const VERSION = ['debian-binary', Buffer.from('2.0\n')] as const;
const control = gzipSync(tar({ name: './control', content: 'Package: x\n' }));

/** Writes a package, and returns its file. */
function packageOf(name: string, data: Uint8Array, ending = 'data.tar.gz'): string {
  fs.writeFileSync(at(name), ar(VERSION, ['control.tar.gz', control], [ending, data]));
  return at(name);
}

async function namesIn(...files: readonly string[]): Promise<string[][]> {
  const members = await Promise.all(files.map(membersOf));
  const names = files.map((): string[] => []);
  await readMembers(
    members.map(({ data }) => data),
    index =>
      ({ name }) => {
        names[index]!.push(name);
        return undefined;
      },
  );
  return names;
}

/** An archive whose compressed size is too large for an empty one. */
function large(name: string): Buffer {
  const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + name.length * i) >> 3));
  return tar({ name, content: noise });
}

describe('the archives of packages', () => {
  it('are read in their order, with empty ones and other compressions among them', async () => {
    const files = [
      packageOf('a', gzipSync(large('a'))),
      packageOf('b', gzipSync(large('b'))),
      packageOf('c', gzipSync(tar())),
      packageOf('d', gzipSync(large('d'))),
      packageOf('e', large('e'), 'data.tar'),
      packageOf('f', large('f'), 'data.tar/'),
      packageOf('g', gzipSync(large('g'))),
    ];
    expect(await namesIn(...files)).toEqual([['a'], ['b'], [], ['d'], ['e'], ['f'], ['g']]);
  });

  it('are refused if there are more or fewer than packages', async () => {
    const twice = packageOf('twice', gzipSync(Buffer.concat([large('a'), large('b')])));
    const cut = packageOf('cut', gzipSync(large('d').subarray(0, -1024)));
    const good = packageOf('good', gzipSync(large('c')));
    for (const files of [[twice], [twice, good], [good, twice], [cut, good]])
      await expect(namesIn(...files)).rejects.toMatchObject({ code: 'bad-package' });
  });

  it('are refused in a file that is not a package, is cut short, or is compressed in another way', async () => {
    fs.writeFileSync(at('text'), 'text');
    fs.writeFileSync(at('no-data'), ar(VERSION, ['control.tar.gz', control]));
    fs.writeFileSync(at('no-control'), ar(VERSION, ['data.tar', tar()]));
    packageOf('lzma', Buffer.from('x'), 'data.tar.lzma');
    for (const name of ['text', 'no-data', 'no-control', 'lzma'])
      await expect(membersOf(at(name)), name).rejects.toMatchObject({ code: 'bad-package' });
    const cut = packageOf('cut', gzipSync(large('a')));
    fs.truncateSync(cut, 1000);
    await expect(namesIn(cut)).rejects.toMatchObject({ name: 'FlixError' });
  });
});
