import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { fileReader } from '../view/file-reader.ts';
import type { ImageEntry } from './entry.ts';
import { listErofs } from './erofs.ts';
import type { Range } from './range.ts';
import type { FileSystemType } from './file-system.ts';

/** Files are asked for one by one, a few at a time; more than this would take minutes. */
const MAX_FILES = 5000;
const AT_ONCE = 8;
/** ` 0:  0..  117025 |  117025 :  4096..  69632 |  65536`: where it lies in the file, and in the image */
const EXTENT = /^\s*\d+:\s*\d+\.\.\s*\d+\s*\|\s*\d+\s*:\s*(\d+)\.\.\s*(\d+)\s*\|/gm;

/** The file to whose data a stretch of a file system belongs; `undefined`: none, or it cannot be told. Reads erofs only. */
export async function fileAt(
  file: string,
  type: FileSystemType,
  { offset, length }: Range,
): Promise<string | undefined> {
  const candidates = type === 'erofs' ? filesOf(file) : [];
  for (let i = 0; i < Math.min(candidates.length, MAX_FILES); i += AT_ONCE) {
    const some = candidates.slice(i, i + AT_ONCE);
    const extents = await Promise.all(some.map(({ path }) => extentsOf(file, path)));
    const index = extents.findIndex(list => list.some(([from, to]) => from < offset + length && to > offset));
    if (index >= 0) return some[index]!.path;
  }
  return undefined;
}

function filesOf(file: string): ImageEntry[] {
  const reader = fileReader(file, file);
  try {
    return listErofs(reader).filter(({ kind, size }) => kind === 'file' && size > 0);
  } catch (error) {
    // the directories themselves are damaged
    if (error instanceof FlixError) return [];
    throw error;
  } finally {
    reader.close();
  }
}

async function extentsOf(file: string, path: string): Promise<[from: number, to: number][]> {
  try {
    const { stdout } = await run('dump.erofs', ['-e', `--path=${path}`, file], {
      allowFailure: true,
      timeoutMs: 10_000,
    });
    return [...stdout.matchAll(EXTENT)].map(match => [Number(match[1]), Number(match[2])]);
  } catch (error) {
    // without the tool, or with an inode that it cannot read, the place is named by its bytes alone
    if (error instanceof FlixError) return [];
    throw error;
  }
}
