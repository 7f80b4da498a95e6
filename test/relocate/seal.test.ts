import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as c from '../../src/elf/constants.ts';
import { defaultDirectorySlots } from '../../src/elf/loader-strings.ts';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { type Seal, sealGlibc, sealMusl } from '../../src/relocate/seal.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { edited, loaderOf } from './elf.ts';

const MACHINE_LOADER = '/lib64/ld-linux-x86-64.so.2';
const FILES = '\0/etc/ld.so.cache\0/etc/ld.so.preload\0  --inhibit-cache  Do not use /etc/ld.so.cache\n\0';
const DIRECTORIES = '/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0';

/** Returns a real ELF file whose only segment is made read-only, so that sealing reads it. */
function glibc(data: string): { content: Uint8Array; facts: ReturnType<typeof readElf> } {
  const content = writeElf({ soname: 'ld-linux-x86-64.so.2', data });
  // p_flags of the first program header, which is the PT_LOAD where a file has no interpreter
  content[64 + 4] = 4;
  return { content, facts: readElf(bytesReader(content)) };
}

function sealed(data: string, directory: string | undefined): { seal: Seal; text: string } {
  const { content, facts } = glibc(data);
  const seal = sealGlibc(content, facts, directory, '/lib64/ld.so');
  return { seal, text: Buffer.from(edited(content, seal.edits)).toString('latin1') };
}

describe('the files and default directories of a glibc loader', () => {
  const both = `${FILES}${DIRECTORIES}x\0${DIRECTORIES}`;

  it('no longer include the cache and the preload file, while the help still names them', () => {
    const { text } = sealed(both, '/usr/local/btop/lib/');
    expect(text).toContain(
      '\0/dev/null/cache\0\0/dev/null/preload\0\0  --inhibit-cache  Do not use /etc/ld.so.cache\n',
    );
    expect(text).not.toContain('/etc/ld.so.preload');
  });

  it.each<[directory: string | undefined, directories: string[], slot: number | undefined]>([
    [
      '/usr/local/btop/lib/',
      ['/usr/local/btop///lib/', '/dev/null/---------------/', '/sys/', '/dev/tty/'],
      0,
    ],
    [
      '/usr/local/btop/lib',
      ['/usr/local/btop///lib/', '/dev/null/---------------/', '/sys/', '/dev/tty/'],
      0,
    ],
    [
      '/usr/local/abcdefghij/lib/',
      ['/dev/null/-----------/', '/usr/local/abcdefghij/lib/', '/sys/', '/dev/tty/'],
      1,
    ],
    ['/usr/123/', ['/usr//////////////123/', '/dev/null/---------------/', '/sys/', '/dev/tty/'], 0],
    [undefined, ['/dev/null/-----------/', '/dev/null/---------------/', '/sys/', '/dev/tty/'], undefined],
  ])('are replaced by the private directory %s, or closed', (directory, directories, slot) => {
    const { seal, text } = sealed(both, directory);
    expect(seal.directories).toEqual(directories);
    expect(seal.slot).toBe(slot === undefined ? undefined : directories[slot]);
    expect(text.split(`${directories.join('\0')}\0`)).toHaveLength(3);
  });

  it('are filled to their end, even if they are short', () => {
    const short = '/lib64/\0/usr/lib64/\0/lib/lib/\0/lib/a/\0/usr/lib/a/\0';
    const { seal } = sealed(`${FILES}${short}x\0${short}`, '/usr/.1234/');
    expect(seal.directories).toEqual(['/dev/0/', '/usr/.1234/', '/dev/tty/', '/dev/0/', '/dev/null//']);
  });

  it('may be a single one, or a list that occurs once', () => {
    expect(sealed(`${FILES}/usr/lib/\0x\0/usr/lib/\0`, '/usr/123/').seal.directories).toEqual(['/usr/123/']);
    expect(sealed(`${FILES}${DIRECTORIES}`, '/usr/local/a/lib/').seal.slot).toBe('/usr/local/a//////lib/');
  });

  it.each<[cause: RegExp, data: string, directory?: string]>([
    [/contains \/etc\/ld\.so\.cache 0 times/, `\0/etc/ld.so.preload\0${DIRECTORIES}`],
    [/contains \/etc\/ld\.so\.cache 2 times/, `${FILES}/etc/ld.so.cache\0${DIRECTORIES}`],
    [/contains \/etc\/ld\.so\.preload 0 times/, `\0/etc/ld.so.cache\0${DIRECTORIES}`],
    [/no list of default directories/, FILES],
    [/contradict/, `${FILES}${DIRECTORIES}x\0/lib/\0/usr/lib/\0`],
    [/contradict/, `${FILES}${`${DIRECTORIES}x\0`.repeat(3)}`],
    [
      /none of its default directories has room for the 27 bytes/,
      `${FILES}${DIRECTORIES}`,
      '/usr/local/abcdefghijk/lib/',
    ],
  ])(
    'make the loader unsealable if something is unexpected: %s',
    (cause, data, directory = '/usr/local/a/lib/') => {
      const attempt = () => sealed(data, directory);
      expect(attempt).toThrow(expect.objectContaining({ kind: 'input', code: 'loader-not-sealable' }));
      expect(attempt).toThrow(cause);
      expect(attempt).toThrow('/lib64/ld.so');
    },
  );

  it('make a loader unsealable that is already sealed', () => {
    const { content, facts } = glibc(both);
    const again = edited(content, sealGlibc(content, facts, '/usr/local/a/lib/').edits);
    expect(() => sealGlibc(again, facts, '/usr/local/a/lib/')).toThrow('contains /etc/ld.so.cache 0 times');
  });
});

describe('musl', () => {
  const seal = (text: string) => {
    const { content, facts } = loaderOf(Buffer.alloc(8), text, c.EM_X86_64);
    return Buffer.from(edited(content, sealMusl(content, facts).edits)).toString('latin1', 8);
  };

  it('ignores both variables once it is sealed', () => {
    expect(seal('\0LD_LIBRARY_PATH\0LD_PRELOAD\0LD_ORIGIN')).toBe('\0=D_LIBRARY_PATH\0=D_PRELOAD\0LD_ORIGIN');
  });

  it.each([
    '\0LD_LIBRARY_PATH\0',
    '\0LD_PRELOAD\0',
    '\0LD_LIBRARY_PATH\0LD_PRELOAD\0LD_PRELOAD\0',
    '\0LD_LIBRARY_PATH=\0LD_PRELOAD\0',
  ])('is not sealable if a name is missing or occurs twice: %j', text => {
    expect(() => seal(text)).toThrow(expect.objectContaining({ code: 'loader-not-sealable' }));
  });
});

describe.skipIf(!fs.existsSync(MACHINE_LOADER))("this machine's loader", () => {
  const content = fs.existsSync(MACHINE_LOADER) ? fs.readFileSync(MACHINE_LOADER) : Buffer.alloc(0);
  const read = (bytes: Uint8Array) => readElf(bytesReader(bytes), { versions: true });

  it('has no open variable or directory once it is sealed, and is otherwise unchanged', () => {
    const facts = read(content);
    const seal = sealGlibc(content, facts, '/usr/local/btop/lib/');
    const after = edited(content, seal.edits);
    expect(seal.open).toEqual([]);
    expect(seal.closed).toEqual(['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT']);
    expect(read(after)).toEqual(facts);
    for (const list of defaultDirectorySlots(after))
      expect(list.map(({ text }) => text)).toEqual(seal.directories);
    const changed = content.reduce((count, byte, index) => count + (byte === after[index] ? 0 : 1), 0);
    expect(changed).toBeLessThan(200);
  });
});
