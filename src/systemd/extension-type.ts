import { RELEASE_DIRECTORY, releaseNames } from './extension-release.ts';
import { hierarchies } from '../view/host-directories.ts';
import type { View } from '../view/view.ts';

export const extensionTypes = ['sysext', 'confext'] as const;
export type ExtensionType = (typeof extensionTypes)[number];

/** What systemd merges of an extension of one type, and where it looks for metadata (extension-release(5), UAPI.4). */
export interface ExtensionRules {
  readonly type: ExtensionType;
  /** Names of the top-level directories that are merged. */
  readonly hierarchies: readonly string[];
  readonly releaseDirectory: string;
  /** Keys of the release file whose names depend on the type. */
  readonly levelKey: string;
  readonly scopeKey: string;
  /** The directory of the host into which an image or a link to it is put. */
  readonly activated: string;
  readonly command: string;
  /** The unit that merges at boot. */
  readonly service: string;
}

export const extensionRules: { readonly [T in ExtensionType]: ExtensionRules } = {
  sysext: {
    type: 'sysext',
    hierarchies: hierarchies.sysext,
    releaseDirectory: RELEASE_DIRECTORY,
    levelKey: 'SYSEXT_LEVEL',
    scopeKey: 'SYSEXT_SCOPE',
    activated: '/etc/extensions',
    command: 'systemd-sysext',
    service: 'systemd-sysext.service',
  },
  confext: {
    type: 'confext',
    hierarchies: hierarchies.confext,
    releaseDirectory: '/etc/extension-release.d',
    levelKey: 'CONFEXT_LEVEL',
    scopeKey: 'CONFEXT_SCOPE',
    activated: '/var/lib/confexts',
    command: 'systemd-confext',
    service: 'systemd-confext.service',
  },
};

/**
 * The type of a tree by its release files; `undefined`: it has none. A tree with both kinds counts as a system
 * extension. systemd accepts it as either, depending on the directory into which it is put.
 */
export function extensionTypeOf(tree: View): ExtensionType | undefined {
  return extensionTypes.find(type => releaseNames(tree, extensionRules[type].releaseDirectory).length > 0);
}

/**
 * Shows the part of a tree that is merged; the rest is not visible on the host (systemd-sysext(8)).
 *
 * @param names of the top-level directories that are merged
 */
export function mergedHierarchies(tree: View, names: readonly string[]): View {
  const tops = names.map(name => `/${name}/`);
  // called for every look-up, so it creates no string
  const isMerged = (path: string) =>
    path === '/' ||
    tops.some(top => path.startsWith(top) || (path.length === top.length - 1 && top.startsWith(path)));
  return {
    label: tree.label,
    versions: tree.versions,
    list: directory => {
      if (directory !== '/') return isMerged(directory) ? tree.list(directory) : new Map();
      return new Map([...tree.list('/')].filter(([name]) => names.includes(name)));
    },
    kind: path => (isMerged(path) ? tree.kind(path) : undefined),
    readlink: path => tree.readlink(path),
    stat: path => tree.stat(path),
    isMountPoint: directory => tree.isMountPoint(directory),
    open: path => tree.open(path),
    source: path => tree.source(path),
  };
}
