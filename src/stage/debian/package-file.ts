import { FlixError } from '../../errors.ts';
import { readRange } from '../../io/file-bytes.ts';
import { decompressed } from '../decompress.ts';
import { readTars, type TarSink } from '../tar-reader.ts';

/** An archive in a package file. */
export interface PackageMember {
  readonly file: string;
  /** In bytes, like `length`. */
  readonly offset: number;
  readonly length: number;
  /** What its name ends with: `xz`; empty if it is not compressed. */
  readonly compression: string;
}

/** The two archives in a package file. */
export interface PackageMembers {
  readonly control: PackageMember;
  readonly data: PackageMember;
}

const MAGIC = '!<arch>\n';
const HEADER = 60;
/** `lzma`, of packages before 2013, is missing: its streams cannot be concatenated. */
const MEMBER = /^(control|data)\.tar(?:\.(gz|xz|zst|bz2))?\/?$/;

/** Finds the archives in a package file, which is an archive of ar(1) (deb(5)). Throws `FlixError` `bad-package`. */
export async function membersOf(file: string): Promise<PackageMembers> {
  const found: { control?: PackageMember; data?: PackageMember } = {};
  if ((await bytesAt(file, 0, MAGIC.length)) !== MAGIC)
    throw badPackage(file, 'it is not a package of Debian');
  for (let at = MAGIC.length; !found.data;) {
    const header = await bytesAt(file, at, HEADER);
    const length = Number(header.slice(48, 58));
    if (header.length < HEADER || !header.endsWith('`\n') || !Number.isSafeInteger(length))
      throw badPackage(file, 'it is damaged');
    const name = header.slice(0, 16).trimEnd();
    const [, member, compression = ''] = MEMBER.exec(name) ?? [];
    if (member === 'control' || member === 'data')
      found[member] = { file, offset: at + HEADER, length, compression };
    else if (name.startsWith('data.tar'))
      throw badPackage(file, `it has ${name}, whose compression flix does not know`);
    at += HEADER + length + (length % 2);
  }
  const { control, data } = found;
  if (!control) throw badPackage(file, 'its data precede its control files');
  return { control, data };
}

async function bytesAt(file: string, offset: number, length: number): Promise<string> {
  let text = '';
  for await (const piece of readRange(file, { offset, length }))
    text += Buffer.from(piece).toString('latin1');
  return text;
}

/** In bytes. An empty archive, which leaves no trace among others, is compressed to less, and one with a single entry may be. */
const MAY_BE_EMPTY = 1024;

/**
 * Reads archives in their order. One process decompresses all neighbours of the same compression, because starting one takes
 * longer than decompressing most packages. Throws `FlixError`.
 *
 * @param begin called where an archive begins, with its number; returns what receives its entries
 */
export async function readMembers(
  members: readonly PackageMember[],
  begin: (index: number) => TarSink,
): Promise<void> {
  let next = 0;
  while (next < members.length) {
    const first = next;
    let end = first + 1;
    while (end < members.length && mayFollow(members[first]!, members[end]!)) end++;
    const run = members.slice(first, end);
    // an empty archive begins nothing
    await readTars(decompressed(bytesOf(run)), () => {
      if (next === end) throw badPackage(members[end - 1]!.file, 'it contains more archives than it should');
      return begin(next++);
    });
    if (run.length > 1 && next < end) throw badPackage(members[next]!.file, 'it is damaged');
    next = end;
  }
}

function mayFollow(first: PackageMember, other: PackageMember): boolean {
  return (
    first.compression === other.compression && first.length >= MAY_BE_EMPTY && other.length >= MAY_BE_EMPTY
  );
}

async function* bytesOf(members: readonly PackageMember[]): AsyncGenerator<Uint8Array> {
  for (const { file, offset, length } of members) yield* readRange(file, { offset, length });
}

function badPackage(file: string, why: string): FlixError {
  return new FlixError('io', 'bad-package', `cannot unpack ${file}: ${why}`);
}
