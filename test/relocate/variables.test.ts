import { describe, expect, it } from 'vitest';
import * as c from '../../src/elf/constants.ts';
import { readOnlyParts } from '../../src/elf/compiled-in.ts';
import { closeVariables } from '../../src/relocate/variables.ts';
import { edited, loaderOf } from './elf.ts';

const ALL = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT'];
/** glibc has all names a second time, in the list of variables that it removes for setuid programs. */
const NAMES = '\0LD_AUDIT\0LD_LIBRARY_PATH\0LD_PRELOAD\0';
const code = (...pieces: string[]) => Buffer.from(pieces.join(''), 'latin1');

function close(machine: number, instructions: Buffer, text = NAMES, header = {}) {
  const { content, facts } = loaderOf(instructions, text, machine);
  const { edits, closed, open } = closeVariables(readOnlyParts(content, facts), {
    ...facts.header,
    ...header,
  });
  return { closed, open, after: Buffer.from(edited(content, edits)) };
}

describe('closeVariables on x86', () => {
  // movabs $"LIBRARY_",%rax · cmpl $"PREL",(%rcx) · cmpl $"AUDI",(%r12), which takes a SIB byte
  const amd64 = ['\x48\xb8LIBRARY_', '\x48\x39\x01', '\x81\x39PREL', '\x0f\x85', '\x41\x81\x3c\x24AUDI'];

  it('closes the variables of an amd64 loader', () => {
    const { closed, open, after } = close(c.EM_X86_64, code(...amd64));
    expect([closed, open]).toEqual([ALL, []]);
    const expected = ['\x48\xb8=IBRARY_', '\x48\x39\x01', '\x81\x39=REL', '\x0f\x85', '\x41\x81\x3c\x24=UDI'];
    expect(after.subarray(0, code(...expected).length)).toEqual(code(...expected));
    expect(after.toString('latin1')).toContain(NAMES);
  });

  it.each([
    ['cmpl $imm,(%edi)', '\x81\x3f'],
    ['cmpl $imm,8(%rax)', '\x81\x78\x08'],
    ['cmpl $imm,8(%rsp)', '\x81\x7c\x24\x08'],
    ['cmpl $imm,0x100(%rbx)', '\x81\xbb\0\x01\0\0'],
    ['cmp $imm,%edx', '\x81\xfa'],
    ['cmp $imm,%eax', '\x3d'],
    ['xor $imm,%ecx', '\x81\xf1'],
    ['mov $imm,%edx', '\xba'],
  ])('finds the name in %s', (_instruction, bytes) => {
    expect(close(c.EM_386, code(bytes, 'PREL')).closed).toEqual(['LD_PRELOAD']);
  });

  it.each<[name: string, instructions: Buffer]>([
    ['not an operand at all', code('\x90\x90PREL\x0f')],
    ['an operand of ADD', code('\x81\x01PREL\x0f')],
    ['one of two places is not recognised', code('\x81\x39PREL', '\x90\x90PREL\x0f')],
    ['more places than glibc has', code('\x81\x39PREL'.repeat(3))],
    ['nowhere', code('\x90')],
    ['a string in the code segment', code('\0PRELOAD\0')],
  ])('leaves the variable open: %s', (_name, instructions) => {
    const { closed, open, after } = close(c.EM_X86_64, instructions);
    expect([closed, open]).toEqual([[], ALL]);
    expect(after.subarray(0, instructions.length)).toEqual(instructions);
  });

  it('closes a name in two places, one of them for setuid programs', () => {
    const { closed, after } = close(c.EM_X86_64, code('\x81\x39PREL\x90\x81\x38PREL'));
    expect(closed).toEqual(['LD_PRELOAD']);
    expect(after.toString('latin1', 0, 13)).toBe('\x81\x39=REL\x90\x81\x38=REL');
  });
});

describe('closeVariables on arm64', () => {
  const move =
    (base: number) =>
    (register: number, text: string, shift = 0) => {
      const word = Buffer.alloc(4);
      const value = text.charCodeAt(0) | (text.charCodeAt(1) << 8);
      word.writeUInt32LE((base | (shift << 21) | (value << 5) | register) >>> 0);
      return word.toString('latin1');
    };
  const [movz, movk, movzx, movkx] = [0x52800000, 0x72800000, 0xd2800000, 0xf2800000].map(move) as [
    M,
    M,
    M,
    M,
  ];
  type M = ReturnType<typeof move>;
  const ldr = '\x01\0\x40\xf9';
  const library = [movzx(2, 'LI'), ldr, movkx(2, 'BR', 1), movkx(2, 'AR', 2), movkx(2, 'Y_', 3)];
  // as 2.41 has them: two constants, interleaved
  const both = [movz(20, 'AU'), movz(19, 'PR'), movk(20, 'DI', 1), movk(19, 'EL', 1)];

  it('finds names in chains of moves', () => {
    const { closed, after } = close(c.EM_AARCH64, code(...library, ...both));
    expect(closed).toEqual(ALL);
    expect(after.toString('latin1', 0, 4)).toBe(movzx(2, '=I'));
    expect(after.toString('latin1', 20, 28)).toBe(movz(20, '=U') + movz(19, '=R'));
  });

  it('finds a name in a literal pool', () => {
    const pool = `${'\0'.repeat(8)}ORIGIN_PLIBRARY_DEBUG_OULIBRARY_PATH\0`;
    const { closed, after } = close(c.EM_AARCH64, code(ldr, ldr), pool);
    expect(closed).toEqual(['LD_LIBRARY_PATH']);
    expect(after.toString('latin1', 8)).toBe(pool.replace('LIBRARY_DEBUG', '=IBRARY_DEBUG'));
  });

  it.each<[name: string, instructions: Buffer, text?: string]>([
    ['the name of another variable', code(movz(2, 'PR'), movk(2, 'OF', 1))],
    ['another register', code(movz(2, 'PR'), movk(3, 'EL', 1))],
    ['the register is set again', code(movz(2, 'PR'), movz(2, 'XX'), movk(2, 'EL', 1))],
    ['too far away', code(movz(2, 'PR'), ldr.repeat(12), movk(2, 'EL', 1))],
    ['half of eight bytes', code(movzx(2, 'LI'), movkx(2, 'BR', 1))],
    ['two literals', code(ldr, ldr), `LIBRARY_DEBUG_OULIBRARY_DEBUG_OU`],
    ['a literal that is not aligned', code(ldr, ldr), `xLIBRARY_DEBUG`],
  ])('leaves the variable open: %s', (_name, instructions, text) => {
    expect(close(c.EM_AARCH64, instructions, text)).toMatchObject({ closed: [], open: ALL });
  });
});

describe('closeVariables on 32-bit ARM and s390x', () => {
  const strings = `${NAMES}AUDIT\0PRELOAD\0LIBRARY_PATH\0`;

  it.each([
    [c.EM_ARM, {}],
    [c.EM_S390, { endian: 'big' }],
  ])('closes the strings of machine %i', (machine, header) => {
    const { closed, after } = close(machine, code('\x90'), strings, header);
    expect(closed).toEqual(ALL);
    expect(after.toString('latin1')).toContain(`${NAMES}=UDIT\0=RELOAD\0=IBRARY_PATH\0`);
  });

  it.each<[name: string, instructions: Buffer, text: string, open: string[]]>([
    ['twice', code('\x90'), `${strings}AUDIT\0`, ['LD_AUDIT']],
    ['not at all', code('\x90'), NAMES, ALL],
    ['also an immediate operand', code('\x90PREL\x90'), strings, ['LD_PRELOAD']],
  ])('leaves the variable open: %s', (_name, instructions, text, open) => {
    expect(close(c.EM_ARM, instructions, text).open).toEqual(open);
  });
});

describe('closeVariables on other machines', () => {
  it.each([
    ['ppc64le', c.EM_PPC64, {}],
    ['riscv64', c.EM_RISCV, {}],
    ['big-endian arm64', c.EM_AARCH64, { endian: 'big' }],
    ['big-endian ARM', c.EM_ARM, { endian: 'big' }],
  ])('leaves all variables of %s open', (_name, machine, header) => {
    expect(close(machine, code('\x90'), `${NAMES}AUDIT\0PRELOAD\0LIBRARY_PATH\0`, header)).toMatchObject({
      closed: [],
      open: ALL,
    });
  });
});
