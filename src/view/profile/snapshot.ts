import { isLoaderFile } from '../../libc/libc.ts';
import { PT_LOAD } from '../../elf/constants.ts';
import { ElfError } from '../../elf/error.ts';
import type { Segment } from '../../elf/facts.ts';
import { readSymbols } from '../../elf/symbols.ts';
import { shortDigest } from '../digest.ts';
import { follow } from '../follow.ts';
import { objectAt, readElfPart } from '../object.ts';
import { basename, join, within } from '../path.ts';
import { readBytes } from '../text.ts';
import type { Kind, View } from '../view.ts';
import { isConfiguration, isKept } from './contents.ts';
import {
  type ContentLine,
  type DirectoryLine,
  type ElfLine,
  type FileEntry,
  type HeadLine,
  type LoadEntry,
  PROFILE_SCHEMA,
  type ProfileLine,
  type TornLine,
} from './format.ts';
import { isMerged, notedIn } from './noted.ts';
import { type NumberedGroups, numberedGroups, symbolGroups } from './symbol-groups.ts';

/** Returns the package that owns a file; `undefined` if none is known. */
type OwnerOf = (root: View, path: string) => { readonly name: string; readonly version: string } | undefined;

/** Data of services, of which only ELF files matter. */
const DATA = '/srv';

/**
 * Returns the lines of a root's profile, always in the same order.
 *
 * @param ownerOf returns the package that owns a file of the root
 */
export function snapshot(root: View, ownerOf: OwnerOf = () => undefined): (HeadLine | ProfileLine)[] {
  const { directories, has } = notedIn(root);
  const found = directories.flatMap(directory =>
    [...root.list(directory)].flatMap(([name, kind]) => {
      const path = join(directory, name);
      return kind === 'file' && has(path) && directory !== '/' ? [path] : [];
    }),
  );
  const elf = found.filter(path => isElf(root, path));
  const isElfFile = new Set(elf);
  const loaders = new Set(
    elf.flatMap(path => {
      const interpreter = objectAt(root, path).facts?.interpreter;
      const named =
        interpreter === undefined
          ? []
          : [follow(root, interpreter).path, follow(root, `/usr${interpreter}`).path];
      return [...named, ...(isLoaderFile(basename(path)) ? [path] : [])];
    }),
  );
  const linked = new Set(linkedConfiguration(root, directories));
  const numbers = new Map<string, number>();
  const objects = elf.map(path => ({ path, symbols: symbolsOf(root, path, numbers) }));
  const names = [...numbers.keys()].sort();
  const places: number[] = [];
  names.forEach((name, place) => (places[numbers.get(name)!] = place));
  const firsts = new Map<string, string>();
  return [
    { schema: PROFILE_SCHEMA, label: root.label },
    ...directories.map(directory =>
      directoryLine(root, directory, {
        isNoted: (path, kind) => has(path) && (kind !== 'file' || !within(DATA, path) || isElfFile.has(path)),
        digest: path => (isMerged(path) && !isSecret(root, path) ? (shortDigest(root, path) ?? null) : null),
        firsts,
      }),
    ),
    ...found.flatMap(path =>
      isKept(path, () => root.stat(path).size, loaders.has(path) || linked.has(path))
        ? contentLine(root, path)
        : [],
    ),
    { names },
    ...objects.map(({ path, symbols }) =>
      elfLine(root, path, symbols && symbolGroups(symbols, places), ownerOf),
    ),
  ];
}

const READ_BY_ALL = 0o004;

/**
 * Whether a file is configuration that not everybody may read, such as /etc/shadow. Profiles are passed on, and a digest
 * confirms a guess of the contents, so these files get none.
 */
function isSecret(root: View, path: string): boolean {
  return within('/etc', path) && (root.stat(path).mode & READ_BY_ALL) === 0;
}

/**
 * Returns the files to which links lead that are configuration, such as a unit that was linked from /opt. A link must not
 * bring a secret into a profile, so the file must be readable by everybody.
 */
function linkedConfiguration(root: View, directories: readonly string[]): string[] {
  return directories.flatMap(directory =>
    [...root.list(directory)].flatMap(([name, kind]) => {
      const path = join(directory, name);
      if (kind !== 'link' || !isConfiguration(path)) return [];
      const target = follow(root, path);
      const isPublic = target.path !== undefined && (root.stat(target.path).mode & READ_BY_ALL) !== 0;
      return isPublic && target.kind === 'file' ? [target.path] : [];
    }),
  );
}

function isElf(root: View, path: string): boolean {
  const file = objectAt(root, path);
  return file.facts !== undefined || isTorn(file.failure);
}

function isTorn(failure: Error): failure is ElfError {
  return failure instanceof ElfError && failure.code !== 'magic' && failure.code !== 'short';
}

function symbolsOf(root: View, path: string, numbers: Map<string, number>): NumberedGroups | undefined {
  const symbols = readElfPart(root, path, readSymbols);
  return symbols && numberedGroups(symbols, numbers);
}

function contentLine(root: View, path: string): ContentLine[] {
  const bytes = readBytes(root, path);
  if (!bytes) return [];
  const text = Buffer.from(bytes).toString('utf8');
  const isText = !text.includes('\0') && Buffer.compare(Buffer.from(text), bytes) === 0;
  return [{ content: path, ...(isText ? { text } : { base64: Buffer.from(bytes).toString('base64') }) }];
}

function elfLine(
  root: View,
  path: string,
  symbols: ElfLine['symbols'],
  ownerOf: OwnerOf,
): ElfLine | TornLine {
  const file = objectAt(root, path);
  if (!file.facts) {
    const { code, offset, message } = file.failure as ElfError;
    return { torn: path, code, offset, message };
  }
  const { header, segments, executableStack, interpreter, dynamic, versions } = file.facts;
  const owner = ownerOf(root, path);
  const { class: bits, endian, osabi, abiVersion, padded, current, type, machine, flags } = header;
  return {
    elf: path,
    ...(owner && { package: [owner.name, owner.version] }),
    header: { class: bits, endian, osabi, abiVersion, padded, current, type, machine, flags },
    loads: segments.flatMap(segment => (segment.type === PT_LOAD ? [loadEntry(segment)] : [])),
    ...(executableStack && { executableStack }),
    interpreter,
    dynamic: dynamic && withoutPlaces(dynamic),
    versions,
    symbols,
  };
}

function loadEntry({ flags, offset, vaddr, filesz, memsz, align }: Segment): LoadEntry {
  return [flags, offset, vaddr, filesz, memsz, align];
}

function withoutPlaces({ needed, soname, rpath, runpath, flags1, relr }: NonNullable<ElfLine['dynamic']>) {
  return { needed, soname, rpath, runpath, flags1, relr };
}

interface DirectoryContext {
  readonly isNoted: (path: string, kind: Kind) => boolean;
  readonly digest: (path: string) => string | null;
  /** The first path of every file so far, by identity: the loader treats hard links as one object. */
  readonly firsts: Map<string, string>;
}

function directoryLine(
  root: View,
  directory: string,
  { isNoted, digest, firsts }: DirectoryContext,
): DirectoryLine {
  const entries = [...root.list(directory)].filter(([name, kind]) => isNoted(join(directory, name), kind));
  const of = (kind: Kind) => entries.flatMap(([name, is]) => (is === kind ? [name] : []));
  const others = of('other');
  const isWhiteout = (name: string) => root.stat(join(directory, name)).whiteout;
  const own = root.stat(directory);
  return {
    directory,
    mode: own.mode,
    ...((own.uid !== 0 || own.gid !== 0) && { owner: [own.uid, own.gid] }),
    ...(directory !== '/' && root.isMountPoint(directory) && { mounted: true }),
    directories: of('directory'),
    links: of('link').map(name => [name, root.readlink(join(directory, name))]),
    files: of('file').map(name => fileEntry(name, join(directory, name))),
    others: others.filter(name => !isWhiteout(name)),
    whiteouts: others.filter(isWhiteout),
  };

  function fileEntry(name: string, path: string): FileEntry {
    const { size, mode, id } = root.stat(path);
    const first = firsts.get(id);
    if (first !== undefined) return [name, size, mode, digest(path), first];
    firsts.set(id, path);
    return [name, size, mode, digest(path)];
  }
}
