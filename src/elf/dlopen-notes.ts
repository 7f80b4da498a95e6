import { PT_NOTE } from './constants.ts';
import type { ElfFacts } from './facts.ts';
import { readNotes } from './notes.ts';
import type { Reader } from './reader.ts';
import { text } from './strings.ts';

/** A library that an object says it opens at run time; of several names the first that is there. */
export interface DlopenNote {
  readonly sonames: readonly string[];
  readonly priority: 'required' | 'recommended' | 'suggested';
  readonly description: string | undefined;
}

const NT_FDO_DLOPEN = 0x407c0c0a;

/** The notes of the ELF dlopen metadata specification (UAPI, `.note.dlopen`). Throws `ElfError`. */
export function readDlopenNotes(reader: Reader, { header, segments }: ElfFacts): DlopenNote[] {
  return readNotes(reader, header, segments, PT_NOTE).flatMap(({ name, type, desc }) =>
    name === 'FDO' && type === NT_FDO_DLOPEN ? parse(text(desc).replace(/\0+$/, '')) : [],
  );
}

/** An array of objects; what is none is passed over, as its readers do. */
function parse(json: string): DlopenNote[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const { soname, priority, description } = (entry ?? {}) as Record<string, unknown>;
    const sonames = Array.isArray(soname) ? soname.filter(name => typeof name === 'string') : [];
    if (sonames.length === 0) return [];
    return [
      {
        sonames,
        priority: priority === 'required' || priority === 'suggested' ? priority : 'recommended',
        description: typeof description === 'string' ? description : undefined,
      },
    ];
  });
}
