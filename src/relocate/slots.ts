import { defaultDirectorySlots, sameDirectories } from '../elf/loader-strings.ts';
import { type ByteEdit, textEdit } from './edit.ts';
import { FlixError } from '../errors.ts';

interface SlotEdits {
  readonly edits: readonly ByteEdit[];
  readonly slot: string | undefined;
  readonly directories: readonly string[];
}

/** The first that is long enough takes a directory of `length` bytes. -1: none. */
export function slotFor(slots: readonly { readonly length: number }[], length: number): number {
  return slots.findIndex(slot => slot.length >= length);
}

/** Writes `libraryDirectory` over the first default directory that has room for it, and closes all others. */
export function slotEdits(
  content: Uint8Array,
  libraryDirectory: string | undefined,
  path: string,
): SlotEdits {
  const lists = defaultDirectorySlots(content);
  const [list] = lists;
  if (!list) throw notSealable(path, 'no list of default directories was found in it');
  // one list before glibc 2.33, then two
  if (lists.length > 2 || !lists.every(other => sameDirectories(list, other)))
    throw notSealable(path, 'its lists of default directories contradict each other');
  const wanted = libraryDirectory?.replace(/\/*$/, '/');
  const chosen = wanted === undefined ? -1 : slotFor(list, wanted.length);
  if (wanted !== undefined && chosen < 0)
    throw notSealable(
      path,
      `no default directory of it has room for the ${wanted.length} bytes of ${wanted}`,
    );
  // the lengths are compiled in beside the strings: each slot is filled to its end
  const directories = list.map(({ length }, index) =>
    index === chosen ? padded(wanted!, length) : dead(length),
  );
  const edits = lists.flatMap(slots =>
    slots.map(({ offset, text }, index) =>
      textEdit(
        offset,
        text,
        directories[index]!,
        index === chosen ? 'sets the private directory' : `closes ${text}`,
      ),
    ),
  );
  return { edits, slot: directories[chosen], directories };
}

/** Slashes before the last component: programs that go up from a library's path find the name that they expect. */
function padded(directory: string, length: number): string {
  const last = directory.lastIndexOf('/', directory.length - 2) + 1;
  return directory.slice(0, last) + '/'.repeat(length - directory.length) + directory.slice(last);
}

const SHORT: ReadonlyMap<number, string> = new Map([
  [5, '/sys/'],
  [6, '/sys//'],
  [7, '/dev/0/'],
  [8, '/dev/00/'],
  [9, '/dev/tty/'],
  [10, '/dev/null/'],
  [11, '/dev/null//'],
]);

/** A directory that cannot exist, or where that takes too many bytes, one in which nobody puts a library. */
function dead(length: number): string {
  return SHORT.get(length) ?? `/dev/null/${'-'.repeat(length - 11)}/`;
}

/** @param path of the loader */
export function notSealable(path: string, cause: string): FlixError {
  return new FlixError(
    'input',
    'loader-not-sealable',
    `${path} cannot be sealed: ${cause}`,
    'Give the loader as its distribution ships it, or use --seal none or --mode flatwrap.',
  );
}
