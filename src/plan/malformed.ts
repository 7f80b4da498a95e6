import { ElfError } from '../elf/error.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import type { Remark } from '../manifest/manifest.ts';

const MAGIC = 4;

/** Why a file that begins like an ELF file is none; `undefined`: it is one, or never was meant to be. */
export function malformed(view: View, path: string): string | undefined {
  const object = objectAt(view, path);
  if (object.facts || !(object.failure instanceof ElfError)) return undefined;
  const { code, message } = object.failure;
  return code === 'magic' || view.stat(path).size < MAGIC ? undefined : message;
}

/** Test data of a package may be broken on purpose, so this is no error in a directory. */
export function malformedRemarks(view: View, path: string, target: string): Remark[] {
  const fault = malformed(view, path);
  if (fault === undefined) return [];
  return [{ code: 'malformed-elf', file: target, message: `a broken ELF file, taken as it is: ${fault}` }];
}
