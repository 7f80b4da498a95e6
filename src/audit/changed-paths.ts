import { parent } from '../view/path.ts';
import { walk } from '../view/walk.ts';
import type { Kind, View } from '../view/view.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';

/** A path at which the merged view shows something else than the host. */
export interface ChangedPath {
  readonly path: string;
  /** Whose entry it is that changes it. */
  readonly extension: Extension;
  /** `undefined`: a whiteout hides what the host has. */
  readonly kind: Kind | undefined;
  /** What the host has there; `undefined`: nothing. */
  readonly before: Kind | undefined;
}

/**
 * What extensions add to a host, replace of it and hide; directories on both sides merge and are no change, unless that
 * of the extension is opaque. An entry that another extension covers is not there.
 */
export function changedPaths(merge: Merge): readonly ChangedPath[] {
  let paths = known.get(merge);
  if (!paths) known.set(merge, (paths = [...find(merge)]));
  return paths;
}

const known = new WeakMap<Merge, readonly ChangedPath[]>();

function* find({ stack, view, host }: Merge): Generator<ChangedPath> {
  const seen = new Set<string>();
  for (const extension of stack)
    for (const { path } of walk(extension.view, '/')) {
      if (seen.has(path)) continue;
      const kind = view.kind(path);
      const before = host?.view.kind(path);
      const isOpaque = extension.opaque.has(path);
      if (kind === before && kind === 'directory' && !isOpaque) continue;
      // below another extension's file there is nothing of this one
      if (kind === undefined ? !isWhiteout(extension.view, path) : !isOwner(view, extension, path)) continue;
      seen.add(path);
      yield { path, extension, kind, before };
    }
}

function isOwner(view: View, extension: Extension, path: string): boolean {
  return view.source(path).view === extension.layer;
}

function isWhiteout(view: View, path: string): boolean {
  return view.kind(path) === 'other' && view.stat(path).whiteout;
}

/** Subdirectories of a search directory that some loaders look into first (glibc elf/dl-hwcaps.c). */
const HWCAPS = /\/(?:glibc-hwcaps\/[^/]+|tls\/x86_64|tls|x86_64)$/;

/** The directory in whose turn a loader comes to a path. */
export function searchDirectory(path: string): string {
  return parent(path).replace(HWCAPS, '');
}
