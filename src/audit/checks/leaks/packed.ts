import { isPacked } from '../../../elf/packed.ts';
import { readElfPart } from '../../../view/object.ts';
import { defineEntryCheck } from '../../check.ts';

export const packedProgram = defineEntryCheck(
  'leaks/packed-program',
  {
    title: 'A packed program hides what it loads',
    means:
      'UPX has packed the program. Its interpreter and its needed libraries are inside the compressed part, where ' +
      'neither flix nor systemd sees them.',
    matters:
      'When it starts, a dynamic program runs the loader of the host with the libraries of the host, whatever the ' +
      'extension contains. Only a program that was static before it was packed is not affected.',
    fix: 'Unpack the program with “upx -d FILE” and vendor it again. Images are compressed anyway.',
  },
  ({ path, kind, stat }, { view }) =>
    kind === 'file' && (stat.mode & 0o111) !== 0 && readElfPart(view, path, isPacked)
      ? {
          message: `${path} is packed by UPX, which hides the libraries that it loads`,
          fix: `Unpack it with “upx -d”, and vendor it again.`,
        }
      : undefined,
);
