import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { fileReader } from '../view/file-reader.ts';
import type { ImageEntry } from './entry.ts';
import { listErofs } from './erofs/list.ts';
import type { Range } from './range.ts';
import type { FileSystemType } from './file-system.ts';

/** Each file takes one run of dump.erofs; more files than this would take minutes. */
const MAX_FILES = 5000;
const AT_ONCE = 8;
/** Matches ` 0:  0..  117025 |  117025 :  4096..  69632 |  65536`: the range in the file, then in the image. */
const EXTENT = /^\s*\d+:\s*\d+\.\.\s*\d+\s*\|\s*\d+\s*:\s*(\d+)\.\.\s*(\d+)\s*\|/gm;

/** Returns the file whose data includes a range of the file system; `undefined` if none does or if it is not an erofs. */
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
    return [...listErofs(reader)].filter(({ kind, size }) => kind === 'file' && size > 0);
  } catch (error) {
    // the directories are damaged, too
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
    // without the tool, or if it cannot read the inode, the report gives only the range of bytes
    if (error instanceof FlixError) return [];
    throw error;
  }
}
