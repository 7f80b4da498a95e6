import type { Closure } from '../resolve/closure.ts';
import { resolver, type Resolver } from '../resolve/resolve.ts';
import { layeredView } from '../view/layers.ts';
import { readOsRelease } from '../view/os-release.ts';
import type { View } from '../view/view.ts';
import { hostArchitecture } from './architecture.ts';
import { asProvider, type Extension } from './extension.ts';
import type { Provider } from './finding.ts';
import type { Release } from '../systemd/decision.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';

/** What the extensions are merged over. */
export interface Host {
  readonly view: View;
  readonly release: Release;
  readonly architecture: string | undefined;
  /** As it is before anything is merged. */
  readonly resolve: Resolver;
}

/** Extensions over one host, or over none: the world in which their programs will run. */
export interface Merge {
  readonly extensions: readonly Extension[];
  /** The same as they are stacked, the topmost first. */
  readonly stack: readonly Extension[];
  /** `undefined`: none was given, and then nothing can be said of what it would provide. */
  readonly host: Host | undefined;
  readonly view: View;
  readonly resolve: Resolver;
  /** Who brings the file at a real path of the merged view. */
  readonly providerOf: (path: string) => Provider;
  /** The extension among them; `undefined`: the host does. */
  readonly extensionOf: (path: string) => Extension | undefined;
}

export function hostOf(view: View): Host {
  return {
    view,
    release: readOsRelease(view) ?? new Map(),
    architecture: hostArchitecture(view),
    resolve: resolver([view]),
  };
}

/**
 * systemd sorts the extensions by name and stacks them in that order, so that the last one lies on top of all others
 * and of the host (src/sysext/sysext.c, merge_subprocess). Those of another type are laid over other hierarchies. The host's ld.so.cache stays as it is.
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
  return { extensions, stack, host, view, resolve: resolver([view]), providerOf, extensionOf };
}

/** A closure in which one more object is loaded by the program at run time, as dlopen does. */
export function resolveWithin(view: View, program: string, object: string): Closure {
  return resolver([view], { preload: [object] })(program);
}
