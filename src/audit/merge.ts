import type { Closure } from '../resolve/closure.ts';
import { resolver, type Resolver } from '../resolve/resolve.ts';
import type { Release } from '../systemd/decision.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';
import { layeredView } from '../view/layers.ts';
import { readOsRelease } from '../view/os-release.ts';
import type { View } from '../view/view.ts';
import { hostArchitecture } from '../systemd/architecture.ts';
import { asMerged } from '../systemd/linked-hierarchies.ts';
import { asProvider, type Extension } from './extension.ts';
import type { Provider } from './finding.ts';

/** The host over which extensions are merged. */
export interface Host {
  readonly view: View;
  readonly release: Release;
  readonly architecture: string | undefined;
  /** Resolves on the host alone, before anything is merged. */
  readonly resolve: Resolver;
}

/** Extensions over one host or none, as their programs will see them. */
export interface Merge {
  readonly extensions: readonly Extension[];
  /** The extensions in stacking order, the topmost first. */
  readonly stack: readonly Extension[];
  /** The extension, if it is the only one and nothing hides its entries. */
  readonly sole: Extension | undefined;
  /** `undefined` if no host was given. What it would provide is then unknown. */
  readonly host: Host | undefined;
  readonly view: View;
  readonly resolve: Resolver;
  /** Returns who provides the file at a real path of the merged view. */
  readonly providerOf: (path: string) => Provider;
  /** Returns the extension that provides it; `undefined` if the host does. */
  readonly extensionOf: (path: string) => Extension | undefined;
}

export function hostOf(root: View): Host {
  const view = asMerged(root);
  return {
    view,
    release: readOsRelease(view) ?? new Map(),
    architecture: hostArchitecture(view),
    resolve: resolver([view]),
  };
}

/**
 * Merges extensions over a host. systemd sorts them by name and stacks them in that order, so the last one is on top of
 * the others and of the host (src/sysext/sysext.c, merge_subprocess). Types do not interfere, because their hierarchies
 * differ. The host's ld.so.cache does not change.
 */
export function merge(extensions: readonly Extension[], host: Host | undefined): Merge {
  const stack = [...extensions].sort((a, b) => compareAsSystemd(b.name, a.name));
  const layers = stack.map(({ view }) => view);
  const label = host ? `extensions over ${host.view.label}` : 'extensions without a host';
  const opaque = new Map(extensions.map(extension => [extension.view, extension.opaque]));
  const view = layeredView(
    host ? [...layers, host.view] : layers,
    label,
    (layer, directory) => opaque.get(layer)?.has(directory) ?? false,
  );
  const byLayer = new Map(extensions.map(extension => [extension.layer, extension]));
  const extensionOf = (path: string) => byLayer.get(view.source(path).view);
  const providerOf = (path: string) => asProvider(extensionOf(path));
  const sole = extensions.length === 1 ? extensions[0] : undefined;
  return { extensions, stack, sole, host, view, resolve: resolver([view]), providerOf, extensionOf };
}

/** Resolves a program that also loads an object at run time, as dlopen does. */
export function resolveWithin(view: View, program: string, object: string): Closure {
  return resolver([view], { opened: [object] })(program);
}
