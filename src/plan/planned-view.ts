import { editedFacts } from '../relocate/edited-facts.ts';
import type { Symbols } from '../elf/symbols.ts';
import { objectAt, symbolsAt } from '../view/object.ts';
import { basename, parent, within } from '../view/path.ts';
import { restored } from '../view/unedited.ts';
import { type FileRecord, type Kind, type ObjectFile, type OpenFile, ReadFailure } from '../view/view.ts';
import type { FileSource, Stat, View } from '../view/view.ts';
import { type Content, identityOf, type PlannedFile } from './plan.ts';

/**
 * Shows the finished tree before it is written, so that the rules of its loader can be asked what it will load.
 *
 * @param root the directory of the tree that is the root of the view: `/`, or the staged root of wrapped programs
 */
export function plannedView(files: readonly PlannedFile[], root = '/'): View {
  return new PlannedView(files, root);
}

class PlannedView implements View {
  readonly label = 'the planned tree';
  readonly versions = true;
  readonly record: FileRecord;
  readonly #contents = new Map<string, Content>();
  readonly #lists = new Map<string, Map<string, Kind>>();

  constructor(files: readonly PlannedFile[], root: string) {
    this.#lists.set('/', new Map());
    for (const { target, content } of files) {
      if (target === root || !within(root, target)) continue;
      const path = root === '/' ? target : target.slice(root.length);
      this.#contents.set(path, content);
      this.#enter(path, kindOf(content));
    }
    this.record = {
      object: path => this.#object(path),
      symbols: path => this.#symbols(path),
      digest: () => undefined,
      package: () => undefined,
    };
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    return this.#lists.get(directory) ?? new Map();
  }

  kind(path: string): Kind | undefined {
    return path === '/' ? 'directory' : this.list(parent(path)).get(basename(path));
  }

  readlink(path: string): string {
    const content = this.#contents.get(path);
    return content?.kind === 'link' ? content.to : '';
  }

  stat(path: string): Stat {
    const content = this.#contents.get(path);
    const size = content?.kind === 'text' ? Buffer.byteLength(content.text) : 0;
    const found = content?.kind === 'copy' ? content.view.stat(content.path) : { size, mtime: 0 };
    const mode = 0o755;
    const kind = this.kind(path) ?? 'directory';
    return { kind, mode, uid: 0, gid: 0, whiteout: false, size: found.size, mtime: found.mtime, id: path };
  }

  isMountPoint(): boolean {
    return false;
  }

  open(path: string): OpenFile {
    const content = this.#contents.get(path);
    if (content?.kind === 'text') return openText(content.text, path);
    if (content?.kind !== 'copy') throw new ReadFailure('special', path);
    const done = content.edits.flatMap(edit =>
      edit.kind === 'bytes' ? [{ offset: edit.offset, before: edit.after, after: edit.before }] : [],
    );
    const file = content.view.open(content.path);
    return { ...restored(file, done), id: identityOf(content) };
  }

  source(path: string): FileSource {
    return { view: this, path, hostPath: undefined };
  }

  #enter(path: string, kind: Kind): void {
    const directory = parent(path);
    let names = this.#lists.get(directory);
    if (!names) {
      this.#lists.set(directory, (names = new Map()));
      this.#enter(directory, 'directory');
    }
    names.set(basename(path), kind);
  }

  /** No edit changes the symbols of a file. */
  #symbols(path: string): Symbols | undefined {
    const content = this.#contents.get(path);
    return content?.kind === 'copy' ? symbolsAt(content.view, content.path) : undefined;
  }

  #object(path: string): ObjectFile | undefined {
    const content = this.#contents.get(path);
    if (content?.kind !== 'copy') return undefined;
    const object = objectAt(content.view, content.path);
    return object.facts
      ? { facts: editedFacts(object.facts, content.edits), id: identityOf(content, object.id) }
      : object;
  }
}

function kindOf({ kind }: Content): Kind {
  if (kind === 'link') return 'link';
  return kind === 'directory' || kind === 'mount-point' ? 'directory' : 'file';
}

function openText(text: string, path: string): OpenFile {
  const bytes = Buffer.from(text);
  return {
    size: bytes.length,
    id: path,
    magic: bytes.length < 4 ? undefined : bytes.readUInt32BE(0),
    read: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => undefined,
  };
}
