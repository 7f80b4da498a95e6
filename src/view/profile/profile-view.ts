import { PT_LOAD } from '../../elf/constants.ts';
import { ElfError } from '../../elf/error.ts';
import type { ElfFacts } from '../../elf/facts.ts';
import type { Symbols } from '../../elf/symbols.ts';
import { FlixError } from '../../errors.ts';
import { noElf, tooShort } from '../object.ts';
import { basename, parent } from '../path.ts';
import type {
  FileRecord,
  Kind,
  ObjectFile,
  OpenFile,
  FileSource,
  PackageEntry,
  Stat,
  View,
} from '../view.ts';
import { ReadFailure } from '../view.ts';
import type { ElfLine, FileEntry, TornLine } from './format.ts';
import type { Profile } from './profile.ts';
import { recordedSymbols } from './recorded-symbols.ts';

/** Shows a host through its profile. @param label default: the label of the profile */
export function profileView(profile: Profile, label = profile.label): View {
  return new ProfileView(profile, label);
}

class ProfileView implements View, FileRecord {
  readonly label: string;
  readonly versions = true;
  readonly record = this;
  readonly #profile: Profile;
  readonly #symbols = new Map<string, Symbols | undefined>();

  constructor(profile: Profile, label: string) {
    this.#profile = profile;
    this.label = label;
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    return this.#profile.directories.get(directory)?.kinds ?? nothing;
  }

  kind(path: string): Kind | undefined {
    return path === '/' ? 'directory' : this.list(parent(path)).get(basename(path));
  }

  readlink(path: string): string {
    const target = this.#profile.directories.get(parent(path))?.links.get(basename(path));
    if (target === undefined) throw this.#absent(path);
    return target;
  }

  stat(path: string): Stat {
    const kind = this.kind(path);
    if (kind === undefined) throw this.#absent(path);
    const above = this.#profile.directories.get(parent(path));
    const [, size = 0, mode = kind === 'link' ? 0o777 : 0o755, , first = path] = this.#file(path) ?? [];
    const recorded = kind === 'directory' ? this.#profile.directories.get(path) : undefined;
    const [uid, gid] = recorded?.owner ?? [0, 0];
    return {
      kind,
      mode: recorded?.mode ?? mode,
      uid,
      gid,
      whiteout: kind === 'other' && above?.whiteouts.has(basename(path)) === true,
      size,
      mtime: 0,
      id: `profile:${first}`,
    };
  }

  isMountPoint(directory: string): boolean {
    return this.#profile.directories.get(directory)?.mounted ?? false;
  }

  open(path: string): OpenFile {
    const kind = this.kind(path);
    if (kind !== 'file') throw new ReadFailure(kind === undefined ? 'ENOENT' : 'special', path);
    const bytes = this.#profile.contents.get(path);
    if (!bytes) throw new ReadFailure('ENODATA', path);
    return {
      size: bytes.length,
      id: this.stat(path).id,
      magic: bytes.length < 4 ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32BE(),
      read: (offset, length) => bytes.subarray(offset, offset + length),
      close: () => {},
    };
  }

  source(path: string): FileSource {
    return { view: this, path, hostPath: undefined };
  }

  object(path: string): ObjectFile {
    const kind = this.kind(path);
    if (kind !== 'file') return failed(new ReadFailure(kind === undefined ? 'ENOENT' : 'special', path));
    const line = this.#profile.elf.get(path);
    if (!line) return this.stat(path).size < 4 ? tooShort : noElf;
    return 'torn' in line ? torn(line) : { facts: factsOf(line), id: this.stat(path).id };
  }

  symbols(path: string): Symbols | undefined {
    if (this.#symbols.has(path)) return this.#symbols.get(path);
    const line = this.#profile.elf.get(path);
    const groups = line && 'elf' in line ? line.symbols : undefined;
    const symbols = groups && recordedSymbols(groups, this.#profile.names);
    this.#symbols.set(path, symbols);
    return symbols;
  }

  digest(path: string): string | undefined {
    return this.#file(path)?.[3] ?? undefined;
  }

  package(path: string): PackageEntry | undefined {
    const line = this.#profile.elf.get(path);
    return line && 'elf' in line ? line.package : undefined;
  }

  #file(path: string): FileEntry | undefined {
    return this.#profile.directories.get(parent(path))?.files.get(basename(path));
  }

  #absent(path: string): FlixError {
    return new FlixError('input', 'absent', `${path} is not in ${this.label}`);
  }
}

const nothing: ReadonlyMap<string, Kind> = new Map();

function failed(failure: ElfError | ReadFailure): ObjectFile {
  return { facts: undefined, failure };
}

function torn({ code, offset, message }: TornLine): ObjectFile {
  return failed(new ElfError(code, offset, message));
}

/** Restores the facts. Offsets of tables are zero, because they are useless without the file. */
function factsOf({
  header,
  loads,
  executableStack = false,
  interpreter,
  dynamic,
  versions,
}: ElfLine): ElfFacts {
  return {
    header: { ...header, phoff: 0, phnum: 0, shoff: 0, shnum: 0, shentsize: 0 },
    segments: loads.map(([flags, offset, vaddr, filesz, memsz, align]) => ({
      type: PT_LOAD,
      flags,
      offset,
      vaddr,
      filesz,
      memsz,
      align,
    })),
    executableStack,
    interpreter,
    dynamic: dynamic && { ...dynamic, runPathEntries: [], flags1Offset: undefined },
    versions,
  };
}
