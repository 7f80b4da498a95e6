/** What `--format` takes, in the order in which it is shown. */
export const formats = ['ddi', 'erofs', 'squashfs', 'ext4', 'btrfs', 'directory', 'tar'] as const;
export type Format = (typeof formats)[number];

/** File systems that are images by themselves; a DDI holds an erofs. */
export type FileSystem = Exclude<Format, 'ddi' | 'directory' | 'tar'>;

/** `fast` for trying things out, `small` for what is published. */
export const compressions = ['none', 'fast', 'small'] as const;
export type Compression = (typeof compressions)[number];

/** What systemd recognises an image by. */
export const suffixes: { readonly [F in Format]: string } = {
  ddi: '.raw',
  erofs: '.raw',
  squashfs: '.raw',
  ext4: '.raw',
  btrfs: '.raw',
  directory: '',
  tar: '.tar',
};

/** Formats that dm-verity can stand under. */
export function isBlockImage(format: Format): format is FileSystem | 'ddi' {
  return format !== 'directory' && format !== 'tar';
}
