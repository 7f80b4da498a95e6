import { isProgram } from '../elf/classify.ts';
import { ElfError } from '../elf/error.ts';
import { readElf } from '../elf/read.ts';
import { type Kind, type ObjectFile, ReadFailure, type View } from './view.ts';

export type { ObjectFile };

/** `\x7fELF` */
const ELF_MAGIC = 0x7f454c46;

const noElf: ObjectFile = {
  facts: undefined,
  failure: new ElfError('magic', 0, 'no ELF file: it does not begin with \\x7fELF'),
};

const tooShort: ObjectFile = {
  facts: undefined,
  failure: new ElfError('short', 0, 'too short for an ELF file'),
};

/**
 * The ELF facts of a file, read once however many views show it. That a file is no ELF file is not remembered: a root has tens of thousands of
 * them, and hardly one is asked for again.
 *
 * @param path real, of a file of any kind
 * @param kind if the caller has it from a listing
 */
export function objectAt(view: View, path: string, kind?: Kind): ObjectFile {
  let known = objects.get(view);
  if (!known) objects.set(view, (known = new Map()));
  const remembered = known.get(path);
  if (remembered) return remembered;
  const source = (kind ?? view.kind(path)) === undefined ? undefined : view.source(path);
  const shared = source && source.view !== view;
  const object = shared ? objectAt(source.view, source.path) : readObject(view, path, kind);
  if (object !== noElf && object !== tooShort) known.set(path, object);
  return object;
}

const objects = new WeakMap<View, Map<string, ObjectFile>>();

function readObject(view: View, path: string, kind: Kind | undefined): ObjectFile {
  const recorded = view.record?.object(path);
  if (recorded) return recorded;
  try {
    const file = view.open(path, kind);
    try {
      // most files of a root are no ELF files: told apart before anything is parsed or thrown
      if (file.magic !== ELF_MAGIC) return file.magic === undefined ? tooShort : noElf;
      return { facts: readElf(file, { versions: view.versions }), id: file.id };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure)
      return { facts: undefined, failure: error };
    throw error;
  }
}

/** Whether the file at a real path is an ELF program. */
export function isProgramAt(view: View, real: string): boolean {
  const { facts } = objectAt(view, real);
  return facts !== undefined && isProgram(facts);
}
