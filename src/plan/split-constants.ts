import { readOnlyParts } from '../elf/compiled-in.ts';
import { PT_LOAD } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { BLOCK, deadPath, type Rewrite } from '../relocate/redirect.ts';
import { objectAt } from '../view/object.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** How many characters at the end of a path the code has as a number: eight bytes with the NUL. */
const TAIL = 7;

/**
 * Returns the beginning of a path that an object contains as blocks of constants, while its end is a number in its code;
 * `undefined`: it contains no such blocks. GCC and Clang copy short strings in this way on x86-64 (`g_strdup` of a constant in GLib
 * 2.84). The last block and the number may overlap. Linkers merge equal blocks: if code loads one block more often than
 * another, it belongs to other strings, too, and must stay.
 *
 * @param path real
 * @param texts the strings of the object, joined
 */
export function blocksOf(view: View, path: string, texts: string, named: string): string | undefined {
  const size = Math.floor((named.length - 1) / BLOCK) * BLOCK;
  if (size === 0 || named.length - size > TAIL) return undefined;
  const blocks = named.slice(0, size);
  if (!texts.includes(blocks)) return undefined;
  const { facts } = objectAt(view, path);
  const bytes = facts && readBytes(view, path);
  return bytes && isCopied(bytes, facts, blocks, tailOf(named)) ? blocks : undefined;
}

/**
 * Returns the rewrite of the blocks of a path that, with the end in the code, gives what a rewrite of the whole path would
 * write; `undefined`: that has another end.
 */
export function blocksRewrite(blocks: string, { from, to, why }: Rewrite): Rewrite | undefined {
  const tail = tailOf(from);
  const text = deadPath(to.length) === to ? `${to.slice(0, -TAIL - 1)}/${tail}` : to;
  return text.endsWith(tail)
    ? { from: blocks, to: text.slice(0, blocks.length), where: 'block', why }
    : undefined;
}

function tailOf(path: string): string {
  return path.slice(-TAIL);
}

function isCopied(content: Uint8Array, facts: ElfFacts, blocks: string, tail: string): boolean {
  const parts = readOnlyParts(content, facts);
  const code = parts.filter(({ executable }) => executable);
  if (!code.some(({ bytes }) => bytes.includes(`${tail}\0`, 0, 'latin1'))) return false;
  const offsets = parts.flatMap(({ base, bytes }) => {
    const found: number[] = [];
    for (let at = bytes.indexOf(blocks, 0, 'latin1'); at >= 0; at = bytes.indexOf(blocks, at + 1, 'latin1'))
      if ((base + at) % BLOCK === 0) found.push(base + at);
    return found;
  });
  if (offsets.length !== 1) return false;
  const addressOf = (offset: number) => {
    const load = facts.segments.find(
      each => each.type === PT_LOAD && offset >= each.offset && offset < each.offset + each.filesz,
    );
    return load ? offset - load.offset + load.vaddr : Number.NaN;
  };
  const addresses = Array.from({ length: blocks.length / BLOCK }, (_, at) =>
    addressOf(offsets[0]! + at * BLOCK),
  );
  const loads = new Map(addresses.map(address => [address, 0]));
  for (const { base, bytes } of code) {
    const start = addressOf(base);
    // an instruction that loads a block ends with its distance from the next instruction
    for (let at = 0; at + 4 <= bytes.length; at++) {
      const address = start + at + 4 + bytes.readInt32LE(at);
      const known = loads.get(address);
      if (known !== undefined) loads.set(address, known + 1);
    }
  }
  const [first] = loads.values();
  return first! > 0 && [...loads.values()].every(number => number === first);
}
