/** The values of `--format`, in the order in which help shows them. */
export const formats = ['ddi', 'erofs', 'squashfs', 'ext4', 'btrfs', 'directory', 'tar'] as const;
export type Format = (typeof formats)[number];

/** File systems that can be images by themselves. A DDI contains an erofs. */
export type FileSystem = Exclude<Format, 'ddi' | 'directory' | 'tar'>;

/** `fast` is for testing, `small` for publishing. */
export const compressions = ['none', 'fast', 'small'] as const;
export type Compression = (typeof compressions)[number];

/** File name suffixes by which systemd recognises images. */
export const suffixes: { readonly [F in Format]: string } = {
  ddi: '.raw',
  erofs: '.raw',
  squashfs: '.raw',
  ext4: '.raw',
  btrfs: '.raw',
  directory: '',
  tar: '.tar',
};

/** Whether dm-verity can protect an image of this format. */
export function isBlockImage(format: Format): format is FileSystem | 'ddi' {
  return format !== 'directory' && format !== 'tar';
}
