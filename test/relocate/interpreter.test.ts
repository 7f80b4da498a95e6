import { describe, expect, it } from 'vitest';
import { PT_INTERP } from '../../src/elf/constants.ts';
import { interpreterRoom, setInterpreter } from '../../src/relocate/interpreter.ts';
import { edited, facts } from './elf.ts';

const OLD = '/lib64/ld-linux-x86-64.so.2';

describe('setInterpreter', () => {
  const program = facts({ interpreter: OLD, segments: [{ type: PT_INTERP, offset: 4, filesz: 28 }] });

  it.each(['/usr/local/btop/ld.so', '/usr/local/abcdefghij/ld.so', '/a'])(
    'sets a path that fits in place: %s',
    path => {
      const changed = edited(Buffer.from(`head${OLD}\0tail`), [setInterpreter(program, path)]);
      expect(Buffer.from(changed).toString()).toBe(`head${path.padEnd(28, '\0')}tail`);
    },
  );

  it('leaves a path to patchelf if the NUL would not fit', () => {
    const path = '/usr/local/abcdefghijk/ld.so';
    expect(path).toHaveLength(28);
    expect(setInterpreter(program, path)).toEqual({ kind: 'interpreter', path });
  });

  it('measures paths in bytes', () => {
    expect(setInterpreter(program, '/usr/local/äääää/ld.so').kind).toBe('bytes');
    expect(setInterpreter(program, '/usr/local/ääääääääää/ld.so').kind).toBe('interpreter');
  });

  it('has as much room as PT_INTERP has bytes', () => {
    expect(interpreterRoom(program)).toBe(28);
    expect(interpreterRoom(facts())).toBe(0);
  });
});
