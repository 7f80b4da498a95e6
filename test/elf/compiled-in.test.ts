import { describe, expect, it } from 'vitest';
import { textsWith } from '../../src/elf/compiled-in.ts';
import { PF_W, PF_X, PT_LOAD } from '../../src/elf/constants.ts';
import { ElfError } from '../../src/elf/error.ts';
import { bytesReader } from '../../src/elf/reader.ts';

const segment = (offset: number, filesz: number, flags = 0) => ({
  type: PT_LOAD,
  flags,
  offset,
  filesz,
  vaddr: 0,
  memsz: filesz,
  align: 1,
});
const texts = (content: string, segments = [segment(0, content.length)]) => [
  ...textsWith(['/usr/', '.so'], bytesReader(Buffer.from(content, 'latin1')), { segments }),
];

describe('textsWith', () => {
  it('returns each whole string once', () => {
    expect(texts('/usr/a\0say /usr/b\0libx.so\0/usr/a\0none\0/usr/without-an-end')).toEqual([
      '/usr/a',
      'say /usr/b',
      'libx.so',
    ]);
  });

  it('ignores writable segments, and reads code only if constants have no segment of their own', () => {
    const content = '/usr/code\0/usr/text\0/usr/data\0';
    const [code, text, data] = [segment(0, 10, PF_X), segment(10, 10), segment(20, 10, PF_W)];
    expect(texts(content, [code, text, data])).toEqual(['/usr/text']);
    expect(texts(content, [code, data])).toEqual(['/usr/code']);
  });

  it('finds a string anywhere in a large segment, but never a part of a longer one', () => {
    for (const before of [65_000, 65_024, 65_025, 65_100, 65_530, 65_535, 65_536, 131_000])
      expect(texts(`${'x'.repeat(before)}\0/usr/bin/tool\0${'y'.repeat(1000)}\0`)).toEqual(['/usr/bin/tool']);
    expect(texts(`${'x'.repeat(65_100)}/usr/bin/tool\0`)).toEqual([]);
  });

  it('throws for a segment outside the file', () => {
    expect(() => texts('/usr/a\0', [segment(0, 100)])).toThrow(ElfError);
  });
});
