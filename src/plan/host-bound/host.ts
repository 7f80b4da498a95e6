import type { ElfFacts } from '../../elf/facts.ts';
import { libraryFinder } from '../../resolve/by-name.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import { loaderAt } from '../../resolve/loader.ts';
import { bindingTo, type Release } from '../../systemd/decision.ts';
import { extensionRules } from '../../systemd/extension-type.ts';
import { asMerged } from '../../systemd/linked-hierarchies.ts';
import { readOsRelease, rootLabel } from '../../view/os-release.ts';
import type { View } from '../../view/view.ts';

/** A host that a tree is made for. */
export interface Host {
  /** As systemd merges it. */
  readonly view: View;
  /** Does not depend on where the host lies on this machine: `debian 13`. */
  readonly label: string;
  readonly release: Release;
  /** Returns the library that a loader of the host finds for a name by its own search, without run paths. */
  readonly find: (interpreter: string, name: string) => LoadedObject | undefined;
}

/** Returns hosts in an order that does not depend on that of the command line. */
export function hostsOf(views: readonly View[]): Host[] {
  const hosts = views.map(root => {
    const view = asMerged(root);
    const release = readOsRelease(view) ?? new Map<string, string>();
    const finders = new Map<string, ReturnType<typeof libraryFinder>>();
    const find: Host['find'] = (interpreter, name) => {
      let finder = finders.get(interpreter);
      if (!finder) finders.set(interpreter, (finder = libraryFinder(view, interpreter)));
      return finder(name);
    };
    return { view, release, label: rootLabel(release) ?? root.label, find };
  });
  hosts.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return hosts.map(host => {
    const same = hosts.filter(({ label }) => label === host.label);
    return same.length === 1 ? host : numbered(host, same.indexOf(host) + 1);
  });
}

function numbered(host: Host, number: number): Host {
  return { ...host, label: `${host.label} (${number})` };
}

function keyOf({ label, release }: Host): string {
  const { level = '', versionId = '' } = bindingTo(release, extensionRules.sysext);
  return [label, versionId, level, release.get('IMAGE_VERSION') ?? '', release.get('BUILD_ID') ?? ''].join(
    '\0',
  );
}

/** Returns the C library of a host as messages call it: `glibc 2.36`. */
export function libcText({ view }: Host, { interpreter }: Pick<ElfFacts, 'interpreter'>): string {
  const loader = interpreter === undefined ? undefined : loaderAt(view, interpreter);
  if (!loader) return 'another C library';
  return loader.version === undefined ? loader.family : `${loader.family} ${loader.version}`;
}

/** Joins the labels of hosts: `debian 12 and debian 13`. */
export function listOf(names: readonly string[]): string {
  const [last, ...others] = [...names].reverse();
  return others.length === 0 ? (last ?? '') : `${others.reverse().join(', ')} and ${last}`;
}
