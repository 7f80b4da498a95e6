import type { PackedImage } from '../pack/image.ts';

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
  return `${path}\n  format  ${format}, compression ${compression}\n  size    ${bytes(size)}\n  sha256  ${sha256}\n`;
}

/** `9.4 MiB (9859072 bytes)` */
function bytes(size: number): string {
  const units = ['KiB', 'MiB', 'GiB'];
  let value = size / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]} (${size} bytes)`;
}
