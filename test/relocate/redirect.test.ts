import { describe, expect, it } from 'vitest';
import { applyBytes } from '../../src/relocate/edit.ts';
import {
  deadPath,
  namesPath,
  padded,
  type Rewrite,
  rewriteEdits,
  rewriteEditsBetween,
} from '../../src/relocate/redirect.ts';

const OLD = '/usr/lib/x86_64-linux-gnu/gconv';
const NEW = padded('/usr/local/tilde', '/lib/gconv', OLD.length)!;
const rewrite: Rewrite = { from: OLD, to: NEW, where: 'path', why: 'leads to gconv' };

/** The bytes after the edits, as latin1. */
function edited(text: string, rewrites: readonly Rewrite[] = [rewrite]): string {
  const bytes = Buffer.from(text, 'latin1');
  const edits = rewriteEdits(Buffer.from(bytes), 0, rewrites);
  const file = {
    read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
    write: (offset: number, piece: Uint8Array) => bytes.set(piece, offset),
  };
  applyBytes(file, edits);
  expect(bytes.length).toBe(text.length);
  return bytes.toString('latin1');
}

describe('padded', () => {
  it('fills a path with slashes after the prefix', () => {
    expect(NEW).toBe('/usr/local/tilde//////lib/gconv');
    expect(padded('/usr/local/tilde', '/lib/gconv', 26)).toBe('/usr/local/tilde/lib/gconv');
  });

  it('gives nothing if the path is too long', () => {
    expect(padded('/usr/local/tilde', '/lib/gconv', 25)).toBeUndefined();
  });
});

describe('deadPath', () => {
  it('is below /dev/null, and as long as was asked', () => {
    expect(deadPath('/lib/security'.length)).toBe('/dev/null/---');
    expect(deadPath(10)).toBeUndefined();
  });
});

describe('rewriteEdits', () => {
  it('replaces a path and keeps what follows it', () => {
    expect(edited(`\0${OLD}\0`)).toBe(`\0${NEW}\0`);
    expect(edited(`\0${OLD}/gconv-modules.cache\0`)).toBe(`\0${NEW}/gconv-modules.cache\0`);
    expect(edited(`\0${OLD}/\0`)).toBe(`\0${NEW}/\0`);
  });

  it('replaces every occurrence, in lists, in quotes and without an end', () => {
    expect(edited(`${OLD}\0x\0a:${OLD}:/b\0DIR: "${OLD}"\0${OLD}`)).toBe(
      `${NEW}\0x\0a:${NEW}:/b\0DIR: "${NEW}"\0${NEW}`,
    );
    expect(edited(`file://${OLD}/x`)).toBe(`file://${NEW}/x`);
  });

  it('keeps the length of a string that its program knows, as in C++ and Rust', () => {
    const counted = (text: string) => String.fromCharCode(text.length) + text;
    expect(edited(counted(OLD))).toBe(counted(NEW));
  });

  it.each([
    ['a longer name', `\0${OLD}-x\0`],
    ['a longer name with a point', `\0${OLD}.d\0`],
    ['a format', `\0${OLD}%s\0`],
    ['a pattern', `\0${OLD}*\0`],
    ['the end of a longer path', `\0/opt${OLD}\0`],
    ['a path below a variable', `\0\${DESTDIR}${OLD}\0`],
    ['a path with two slashes', `\0/opt/${OLD}\0`],
    ['a name in UTF-8', `\0${OLD}\xc3\xa9\0`],
  ])('leaves %s alone', (_, text) => {
    expect(edited(text)).toBe(text);
  });

  it('prefers the longer of two paths that begin alike', () => {
    const below = {
      from: `${OLD}/extra`,
      to: padded('/usr/.12345', '/extra', OLD.length + 6)!,
      where: 'path',
    };
    const both = [rewrite, { ...below, why: '' } as Rewrite];
    expect(edited(`${OLD}/extra/x\0${OLD}/other\0`, both)).toBe(`${below.to}/x\0${NEW}/other\0`);
  });

  it('replaces a string only as a whole, if that is asked', () => {
    const closed: Rewrite = { from: 'GCONV_PATH', to: '=CONV_PATH', where: 'string', why: '' };
    expect(edited('\0GCONV_PATH\0MY_GCONV_PATH\0GCONV_PATH=\0', [closed])).toBe(
      '\0=CONV_PATH\0MY_GCONV_PATH\0GCONV_PATH=\0',
    );
  });

  it('gives offsets in the file', () => {
    expect(rewriteEdits(Buffer.from(`\0${OLD}\0`), 100, [rewrite])).toMatchObject([
      { kind: 'bytes', offset: 101, isText: true, why: 'leads to gconv' },
    ]);
  });
});

describe('namesPath', () => {
  it('finds the same paths as the edits', () => {
    for (const text of [OLD, `${OLD}/x`, `a:${OLD}`, `"${OLD}"`]) expect(namesPath(text, OLD)).toBe(true);
    for (const text of [`${OLD}-x`, `/opt${OLD}`, `\${D}${OLD}`, 'gconv'])
      expect(namesPath(text, OLD)).toBe(false);
  });
});

describe('rewriteEditsBetween', () => {
  const BOUNDARY = 4 * 1024 * 1024;
  /** A file of two pieces that contains a text at an offset. */
  const found = (text: string, offset: number, rewrites: readonly Rewrite[] = [rewrite]) => {
    const file = Buffer.alloc(BOUNDARY + 4096);
    file.write(text, offset, 'latin1');
    return rewriteEditsBetween((from, to) => file.subarray(from, to), 0, file.length, rewrites);
  };

  it('finds a path once, wherever pieces of the file meet', () => {
    for (let offset = BOUNDARY - OLD.length - 2; offset < BOUNDARY + 3; offset++)
      expect(found(OLD, offset)).toMatchObject([{ offset }]);
  });

  it('sees what is around a path in the neighbouring piece', () => {
    for (let offset = BOUNDARY - OLD.length - 4; offset < BOUNDARY + 3; offset++) {
      expect(found(`${OLD}-x`, offset)).toEqual([]);
      expect(found(`/srv${OLD}`, offset)).toEqual([]);
    }
  });

  it('prefers a longer text that begins in the piece before', () => {
    const longer: Rewrite = { from: `${OLD}/sub`, to: `${NEW}/SUB`, where: 'path', why: 'longer' };
    const offset = BOUNDARY - 5;
    expect(found(longer.from, offset, [rewrite, longer])).toMatchObject([{ offset, why: 'longer' }]);
  });
});
