import { isPacked } from '../elf/packed.ts';
import { FlixError } from '../errors.ts';
import { readElfPart } from '../view/object.ts';
import type { PlannedFile } from './plan.ts';

/** Throws `FlixError` if a program is packed: nobody can see what it loads, and its loader would be the host's. */
export function refusePacked(files: readonly PlannedFile[]): void {
  const packed = files.flatMap(({ content }) => {
    if (content.kind !== 'copy' || (content.view.stat(content.path).mode & 0o111) === 0) return [];
    return readElfPart(content.view, content.path, isPacked) ? [content] : [];
  });
  if (packed.length === 0) return;
  const paths = packed.map(({ path }) => path);
  const commands = packed.map(({ view, path }) => `upx -d ${view.source(path).hostPath ?? path}`);
  throw new FlixError(
    'input',
    'packed',
    `${paths.join(', ')}: packed by UPX, which hides the libraries of a program; it would load those of the host`,
    `Unpack it first, or leave it out with --exclude. Images are compressed anyway.\n${commands.join('\n')}`,
  );
}
