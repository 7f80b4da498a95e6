import { DF_1_NODEFLIB } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { ByteEdit } from './edit.ts';
import { wordBytes } from './word-bytes.ts';

/**
 * Takes DF_1_NODEFLIB away (`ld -z nodefaultlib`, `patchelf --no-default-lib`): the one default directory of a sealed
 * loader is the private one, and a file with the flag would not find its libraries there.
 */
export function reopenDefaultDirectories({ header, dynamic }: ElfFacts): ByteEdit[] {
  const { flags1 = 0, flags1Offset } = dynamic ?? {};
  if (flags1Offset === undefined || (flags1 & DF_1_NODEFLIB) === 0) return [];
  return [
    {
      kind: 'bytes',
      offset: flags1Offset,
      before: wordBytes(flags1, header),
      after: wordBytes(flags1 - DF_1_NODEFLIB, header),
      why: 'opens the default directories, which are private',
    },
  ];
}
