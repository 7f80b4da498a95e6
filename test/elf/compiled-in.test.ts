import { describe, expect, it } from 'vitest';
import { readTexts } from '../../src/elf/compiled-in.ts';
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
const texts = (content: string, segments = [segment(0, content.length)]) =>
  readTexts(bytesReader(Buffer.from(content, 'latin1')), { segments });
const whole = (...given: Parameters<typeof texts>) => texts(...given).whole;

describe('readTexts', () => {
  it('returns each whole string with a slash or .so once', () => {
    expect(whole('/usr/a\0say /usr/b\0libx.so\0/usr/a\0none\0a/b:/c\0/usr/without-an-end')).toEqual([
      '/usr/a',
      'say /usr/b',
      'a/b:/c',
      'libx.so',
    ]);
  });

  it('tells which words are whole strings', () => {
    const content = Buffer.from('nft\0x iptables\0iptables\0my dnsmasq\0mdevctl2\0');
    const { words } = readTexts(bytesReader(content), { segments: [segment(0, content.length)] }, [
      'dnsmasq',
      'iptables',
      'mdevctl',
      'nft',
    ]);
    expect(words).toEqual(['iptables', 'nft']);
  });

  it('stops after a gigabyte, and after a million strings, which no real object has', () => {
    let bytes = 0;
    const count = (content: Buffer) => ({
      size: 2 ** 40,
      read: (_offset: number, length: number) => {
        bytes += length;
        return content.subarray(0, length);
      },
    });
    const huge = Array.from({ length: 3 }, () => segment(0, 2 ** 40));
    expect(readTexts(count(Buffer.alloc(65_536)), { segments: huge }).whole).toEqual([]);
    expect(bytes).toBeLessThan(2 ** 30 * 1.01);
    bytes = 0;
    let name = 0;
    const reader = count(Buffer.alloc(65_536));
    const names = {
      ...reader,
      read: (offset: number, length: number) => reader.read(offset, length) && different(length),
    };
    const different = (length: number) =>
      Buffer.from(
        Array.from({ length: length / 16 + 1 }, () => `/n/${String(name++).padStart(12, '0')}\0`).join(''),
      ).subarray(0, length);
    const { whole: found, parts } = readTexts(names, { segments: huge });
    expect(found.length + parts.length).toBeLessThan(1_010_000);
  });

  it('reads constants and variables, and code only if constants have no segment of their own', () => {
    const content = '/usr/code\0/usr/text\0/usr/data\0';
    const [code, text, data] = [segment(0, 10, PF_X), segment(10, 10), segment(20, 10, PF_W)];
    expect(whole(content, [code, text, data])).toEqual(['/usr/text', '/usr/data']);
    expect(whole(content, [code, data])).toEqual(['/usr/code', '/usr/data']);
  });

  it('finds a string anywhere in a large segment, but never a part of a longer one', () => {
    for (const before of [65_000, 65_024, 65_025, 65_100, 65_530, 65_535, 65_536, 131_000])
      for (const name of ['/usr/bin/tool', 'libtool.so'])
        expect(whole(`${'x'.repeat(before)}\0${name}\0${'y'.repeat(1000)}\0`)).toEqual([name]);
    expect(whole(`${'x'.repeat(65_100)}/usr/bin/tool\0`)).toEqual([]);
    expect(whole(`${'x'.repeat(65_100)}libtool.so\0`)).toEqual([]);
  });

  it('ignores what is not text, such as numbers and UTF-16', () => {
    expect(whole('\0\x01/usr/a\0\0/usr/b\x02\0\0/\0u\0s\0r\0\0\x7flibx.so\0\0/usr/c\0')).toEqual(['/usr/c']);
  });

  it('returns paths at the beginning or after a colon of text without an end', () => {
    expect(texts('\0/usr/share/a\x01b:/usr/share/c d /usr/share/e\x01\0').parts).toEqual([
      '/usr/share/a',
      '/usr/share/c d /usr/share/e',
    ]);
    for (const before of [10, 600, 65_000, 65_024, 65_025, 65_100, 65_280, 65_530, 65_535, 65_536, 131_000]) {
      const pool = `${'x'.repeat(before)}:/usr/share/name${'y'.repeat(1000)}`;
      expect(texts(pool).parts.map(part => part.slice(0, 16))).toEqual(['/usr/share/namey']);
    }
  });

  it('returns what begins with a directory of programs or data in text without an end', () => {
    const starts = ({ joined }: ReturnType<typeof texts>) => joined.map(text => text.slice(0, 13));
    for (const before of [600, 65_000, 65_024, 65_025, 65_100, 65_280, 65_530, 65_535, 65_536, 131_000]) {
      const pool = `${'x'.repeat(before)}/usr/bin/tool/home/me/etc/tool.conf${'y'.repeat(1000)}`;
      expect(starts(texts(pool))).toEqual(['/usr/bin/tool', '/etc/tool.con']);
    }
    expect(texts('/usr/bin/tool\0say /usr/bin/tool\0').joined).toEqual([]);
  });

  it('throws for a segment outside the file', () => {
    expect(() => texts('/usr/a\0', [segment(0, 100)])).toThrow(ElfError);
  });
});
