import { ReadFailure, type View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { FlixError } from '../errors.ts';
import { ANY_NAME } from './copy-tree.ts';
import { BLOCK, type TarEntry, header, padding } from './tar-header.ts';
import type { ReleaseFile } from './release.ts';

const CHUNK = 1024 * 1024;

export interface TarRequest {
  readonly epoch: number;
  readonly release: ReleaseFile | undefined;
  readonly anyName: boolean;
  /** The SELinux label of a path of the tree. */
  readonly label: ((path: string, kind: 'file' | 'directory' | 'link') => string | undefined) | undefined;
}

/**
 * Archives a tree in pax format (POSIX.1-2017, pax, “pax Interchange Format”), sorted by path: owned by root, with one
 * time for all files, and with extended attributes as GNU tar and libarchive read them (`SCHILY.xattr.`).
 */
export function* tarOf(tree: View, request: TarRequest): Generator<Buffer> {
  const { release, anyName, label, epoch } = request;
  const inodes = new Map<string, string>();
  const entry = (
    path: string,
    kind: 'file' | 'directory' | 'link',
    rest: Omit<TarEntry, 'path' | 'attributes' | 'mtime'>,
  ) => {
    const attributes = new Map<string, string>();
    const selinux = label?.(path, kind);
    if (selinux !== undefined) attributes.set('security.selinux', selinux);
    if (anyName && path === release?.path) attributes.set(ANY_NAME.attribute, ANY_NAME.value);
    return header({
      path: kind === 'directory' ? `${path.slice(1)}/` : path.slice(1),
      mtime: epoch,
      attributes,
      ...rest,
    });
  };
  const written = release && release.written !== 'kept' ? release : undefined;
  for (const path of pathsOf(tree, written?.path)) {
    if (path === written?.path) {
      const text = Buffer.from(written.text);
      yield entry(path, 'file', { type: '0', mode: 0o644, size: text.length, link: '' });
      yield* [text, padding(text.length)];
      continue;
    }
    const kind = tree.kind(path) ?? 'directory';
    if (kind === 'directory') {
      const mode = tree.kind(path) === undefined ? 0o755 : tree.stat(path).mode;
      yield entry(path, kind, { type: '5', mode, size: 0, link: '' });
    } else if (kind === 'link')
      yield entry(path, kind, { type: '2', mode: 0o777, size: 0, link: tree.readlink(path) });
    else {
      const { id, mode, size } = tree.stat(path);
      const earlier = inodes.get(id);
      if (earlier !== undefined) {
        yield entry(path, 'file', { type: '1', mode, size: 0, link: earlier.slice(1) });
        continue;
      }
      inodes.set(id, path);
      yield entry(path, 'file', { type: '0', mode, size, link: '' });
      yield* content(tree, path, size);
    }
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** All paths of a tree, and one more with its parents, in C order. */
function pathsOf(tree: View, more: string | undefined): string[] {
  const paths = new Set<string>(['/']);
  for (const top of tree.list('/').keys()) {
    paths.add(`/${top}`);
    for (const { path } of walk(tree, `/${top}`)) paths.add(path);
  }
  for (let path = more; path !== undefined && path !== ''; path = path.slice(0, path.lastIndexOf('/')))
    paths.add(path);
  return [...paths].sort();
}

function* content(tree: View, path: string, size: number): Generator<Buffer> {
  try {
    const file = tree.open(path);
    try {
      for (let at = 0; at < size; at += CHUNK) yield Buffer.from(file.read(at, Math.min(CHUNK, size - at)));
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof ReadFailure)) throw error;
    throw new FlixError('io', 'unreadable', `${tree.label}: ${error.message}`);
  }
  yield padding(size);
}
