import type { PackedImage } from '../pack/image.ts';
import { size as bytes } from './size.ts';

/** One document, for scripts. */
export function imageDocument(image: PackedImage) {
  const { uuid, tool, ...rest } = image;
  return {
    schema: 'flix.pack/1',
    ...rest,
    uuid: uuid ?? null,
    tool: { name: tool.name, version: tool.version ?? null },
  };
}

export function imageText(image: PackedImage): string {
  const { path, format, compression, size, sha256 } = image;
  return `${path}\n  format  ${format}, compression ${compression}\n  size    ${bytes(size)} (${size} bytes)\n  sha256  ${sha256}\n`;
}
