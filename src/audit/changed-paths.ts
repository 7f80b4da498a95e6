import { parent } from '../view/path.ts';
import type { Kind, View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';
import { selections } from './selections.ts';

/** A path at which the merged view differs from the host. */
export interface ChangedPath {
  readonly path: string;
  /** The extension whose entry changes it. */
  readonly extension: Extension;
  /** In the merged view; `undefined` if a whiteout hides the host’s entry. */
  readonly kind: Kind | undefined;
  /** On the host; `undefined` if it has no such entry. */
  readonly before: Kind | undefined;
}

/**
 * Registers what a check keeps of the entries that extensions add to a host, replace or hide. Directories on both sides merge
 * and are not a change, unless the extension’s directory is opaque. Entries that another extension shadows are left out.
 */
export const selectChanged = selections(find);

function* find({ stack, view, host }: Merge): Generator<ChangedPath> {
  const seen = new Set<string>();
  for (const extension of stack)
    for (const { path } of walk(extension.view, '/')) {
      if (seen.has(path)) continue;
      const kind = view.kind(path);
      const before = host?.view.kind(path);
      const isOpaque = extension.opaque.has(path);
      if (kind === before && kind === 'directory' && !isOpaque) continue;
      // an entry below a file of another extension is not visible
      if (kind === undefined ? !isWhiteout(extension.view, path) : !isOwner(view, extension, path)) continue;
      if (stack.length > 1) seen.add(path);
      yield { path, extension, kind, before };
    }
}

function isOwner(view: View, extension: Extension, path: string): boolean {
  return view.source(path).view === extension.layer;
}

function isWhiteout(view: View, path: string): boolean {
  return view.kind(path) === 'other' && view.stat(path).whiteout;
}

/** Subdirectories of a search directory that some loaders search first (glibc elf/dl-hwcaps.c). */
const HWCAPS = /\/(?:glibc-hwcaps\/[^/]+|tls\/x86_64|tls|x86_64)$/;

/** Returns the search directory through which a loader finds a path. */
export function searchDirectory(path: string): string {
  return parent(path).replace(HWCAPS, '');
}
