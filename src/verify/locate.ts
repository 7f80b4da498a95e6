import type { Fault } from '../image/fault.ts';
import { type Image, type Volume } from '../image/image.ts';
import { fileAt } from '../image/extents.ts';
import { withVolumeFile } from '../image/unpack.ts';

/** Each costs a look at every file. */
const LOCATED = 8;

/** Names the file in which changed data lie, where its file system can tell. */
export async function located(
  image: Image,
  volumes: readonly Volume[],
  faults: readonly Fault[],
): Promise<readonly Fault[]> {
  const found: Fault[] = [];
  for (const [i, fault] of faults.entries()) {
    const path = i < LOCATED ? await pathOf(image, volumes, fault) : undefined;
    found.push(path === undefined ? fault : { ...fault, path });
  }
  return found;
}

async function pathOf(
  image: Image,
  volumes: readonly Volume[],
  { code, at }: Fault,
): Promise<string | undefined> {
  if (code !== 'verity-data' || !at) return undefined;
  const volume = volumes.find(({ offset, size }) => at.offset >= offset && at.offset < offset + size);
  if (!volume) return undefined;
  const range = { offset: at.offset - volume.offset, length: at.length };
  const path = await withVolumeFile(image, volume, file => fileAt(file, volume.type, range));
  return path && (volume.at === '/' ? path : volume.at + path);
}
