import { PT_GNU_PROPERTY, PT_NOTE } from '../../src/elf/constants.ts';
import type { Bytes } from './bytes.ts';
import type { ElfRecipe } from './elf-recipe.ts';

const NT_GNU_PROPERTY_TYPE_0 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;
const NT_FDO_DLOPEN = 0x407c0c0a;

/** The note segments of a recipe. @param bytes an empty buffer of its byte order */
export function noteSegments(
  { isaNeeded, dlopenNote, class: elfClass = 64 }: ElfRecipe,
  bytes: () => Bytes,
): { readonly type: number; readonly bytes: Uint8Array }[] {
  const segments: { type: number; bytes: Uint8Array }[] = [];
  if (isaNeeded !== undefined) {
    const property = bytes()
      .u32(GNU_PROPERTY_X86_ISA_1_NEEDED, 4, isaNeeded)
      .align(elfClass / 8)
      .done();
    const note = bytes().u32(4, property.length, NT_GNU_PROPERTY_TYPE_0).raw(encode('GNU\0')).raw(property);
    segments.push({ type: PT_GNU_PROPERTY, bytes: note.done() });
  }
  if (dlopenNote !== undefined) {
    const json = encode(`${dlopenNote}\0`);
    const note = bytes().u32(4, json.length, NT_FDO_DLOPEN).raw(encode('FDO\0')).raw(json).align(8);
    segments.push({ type: PT_NOTE, bytes: note.done() });
  }
  return segments;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
