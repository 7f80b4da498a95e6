import { defaultDirectorySlots, sameDirectories } from '../elf/loader-strings.ts';
import { type ByteEdit, textEdit } from './edit.ts';
import { FlixError } from '../errors.ts';

interface SlotEdits {
  readonly edits: readonly ByteEdit[];
  readonly slot: string | undefined;
  readonly directories: readonly string[];
}

/** Returns the index of the first slot that is long enough for a directory of `length` bytes; -1 if there is none. */
export function slotFor(slots: readonly { readonly length: number }[], length: number): number {
  return slots.findIndex(slot => slot.length >= length);
}

/** Returns the edits that write `libraryDirectory` over the first default directory that has room for it and close all others. */
export function slotEdits(
  content: Uint8Array,
  libraryDirectory: string | undefined,
  path: string,
): SlotEdits {
  const lists = defaultDirectorySlots(content);
  const [list] = lists;
  if (!list) throw notSealable(path, 'flix found no list of default directories in it');
  // one list before glibc 2.33, then two
  if (lists.length > 2 || !lists.every(other => sameDirectories(list, other)))
    throw notSealable(path, 'its lists of default directories contradict each other');
  const directory = libraryDirectory?.replace(/\/*$/, '/');
  const chosen = directory === undefined ? -1 : slotFor(list, directory.length);
  if (directory !== undefined && chosen < 0)
    throw notSealable(
      path,
      `none of its default directories has room for the ${directory.length} bytes of ${directory}`,
    );
  // the lengths are compiled in beside the strings, so each slot must be filled to its end
  const directories = list.map(({ length }, index) =>
    index === chosen ? padded(directory!, length) : dead(length),
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

/** Adds slashes before the last component, so that programs that go up from a library's path find the expected name. */
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

/** Returns a directory that cannot exist, or one in which nobody puts a library if the slot is too short for that. */
function dead(length: number): string {
  return SHORT.get(length) ?? `/dev/null/${'-'.repeat(length - 11)}/`;
}

/** Returns the error that a loader cannot be sealed. */
export function notSealable(path: string, cause: string): FlixError {
  return new FlixError(
    'input',
    'loader-not-sealable',
    `${path} cannot be sealed: ${cause}`,
    'Use the loader as its distribution ships it, or --seal none, or --mode flatwrap.',
  );
}
