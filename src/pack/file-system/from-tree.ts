import fs from 'node:fs/promises';
import { Readable } from 'node:stream';
import { temporaryBeside } from '../../io/publish.ts';
import { run } from '../../io/spawn.ts';
import { copyTree } from '../copy-tree.ts';
import { watchDirectories } from '../../view/watch-directories.ts';
import type { ImageDescription } from '../describe.ts';
import { fileContextsOf } from '../labels.ts';
import type { PackOptions } from '../options.ts';
import { tarOf } from '../tar.ts';
import type { Toolbox } from '../toolbox.ts';
import { btrfs } from './btrfs.ts';
import { erofs } from './erofs.ts';
import { ext4, ext4Size } from './ext4.ts';
import { makeFileSystem, whereDiskFills } from './file-system.ts';
import { fromArchive, squashfs } from './squashfs.ts';

/** Writes the file system of a tree with everything that the tree lacks: a release file, attributes, labels. Throws `FlixError`. */
export async function writeFileSystem(
  { view, root, release, output: place }: ImageDescription,
  { compress, kernel, epoch, anyName, labels, progress: say }: PackOptions,
  { kind, tool, input }: NonNullable<Toolbox['fileSystem']>,
  uuid: string,
  output: string,
): Promise<void> {
  const common = { output, compress, kernel, epoch, uuid, version: tool.version };
  if (input === 'archive') {
    const archive = Readable.from(tarOf(view, { epoch, release, anyName, label: labels }));
    const args = fromArchive({ ...common, tree: '' });
    await whereDiskFills(output, () => run(tool.name, args, { input: archive }));
    return;
  }
  const tree = input === 'copy' ? await temporaryBeside(place, 'directory') : root;
  if (input === 'copy') await copyTree(view, tree, { epoch, release, anyName });
  const request = { ...common, tree };
  const unchanged = input === 'tree' ? watchDirectories(view) : undefined;
  if (kind === 'erofs') {
    const written = release?.written === 'new' ? release.path : undefined;
    const fileContexts = labels && (await temporaryBeside(place, 'file'));
    if (fileContexts) await fs.writeFile(fileContexts, fileContextsOf(view, written, labels));
    await makeFileSystem(erofs, tool.name, {
      ...request,
      attributes: anyName,
      ...(fileContexts && { fileContexts }),
    });
    unchanged?.();
    return;
  }
  const maker = kind === 'squashfs' ? squashfs : kind === 'btrfs' ? btrfs : ext4(ext4Size(view));
  const warning = maker.notReproducible?.(tool.version);
  if (warning !== undefined) say.message(warning);
  await makeFileSystem(maker, tool.name, request);
  unchanged?.();
}
