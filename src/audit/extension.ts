import type { Release } from '../systemd/decision.ts';
import { countedRelease, releaseNames, releasePath } from '../systemd/extension-release.ts';
import {
  type ExtensionRules,
  extensionRules,
  type ExtensionType,
  extensionTypeOf,
  extensionTypes,
  mergedHierarchies,
} from '../systemd/extension-type.ts';
import type { ImageFacts } from '../systemd/image-policy.ts';
import { type Attributes, opaqueDirectories } from '../view/attributes.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Provider } from './finding.ts';
import type { Promises, UnreadableManifest } from './promises.ts';
import { withoutStagedRoot, type WrappedTree } from './wrapped.ts';

/** A tree to audit. */
export interface Tree {
  /** The name that systemd uses: that of the directory or image. */
  readonly name: string;
  /** What findings call it, if another tree of the audit has the same name. */
  readonly label?: string | undefined;
  readonly view: View;
  /** Absent if its file or directory has that name. */
  readonly placed?: Placed | undefined;
  /** Absent if its programs are not wrapped. */
  readonly wrapped?: WrappedTree | undefined;
  /** Absent if it was not read from an image. */
  readonly image?: ImageFacts | undefined;
  /** What its manifest says; absent if it has none. */
  readonly promises?: Promises | undefined;
  readonly unreadableManifests?: readonly UnreadableManifest[] | undefined;
  /** Extended attributes; `undefined` if they could not be read. */
  readonly attributes?: Attributes | undefined;
}

/** Where an extension lies whose name is not that of its file or directory. */
export interface Placed {
  /**
   * `entry` of a directory of versions (`NAME.raw.v/`); `stray` in such a directory, whose name is not that of an entry;
   * `versioned`, as images of feeds are.
   */
  readonly as: 'entry' | 'stray' | 'versioned';
  /** The name of the file or directory. */
  readonly file: string;
}

export interface Extension {
  readonly name: string;
  /** What findings call it. */
  readonly label: string;
  readonly placed: Placed | undefined;
  /** How systemd treats extensions of its type. */
  readonly rules: ExtensionRules;
  /** Everything that it contains, merged or not. */
  readonly tree: View;
  /** Its hierarchies, such as `/usr` and `/opt`, without a staged root, whose programs see a view of their own. */
  readonly view: View;
  /** The view that `View.source` returns for its files. */
  readonly layer: View;
  readonly wrapped: WrappedTree | undefined;
  readonly image: ImageFacts | undefined;
  readonly promises: Promises | undefined;
  readonly unreadableManifests: readonly UnreadableManifest[];
  readonly attributes: Attributes | undefined;
  /** Its directories that do not merge with lower layers. */
  readonly opaque: ReadonlySet<string>;
  /** The release file that systemd reads: the one with its name, or one that counts under every name. */
  readonly release: Release | undefined;
  /** Where systemd looks for it. */
  readonly releaseFile: string;
  /** Names of all its release files, without the prefix `extension-release.`. */
  readonly releaseNames: readonly string[];
  /**
   * `ID=_any` promises that nothing comes from the host; any other `ID=` binds the extension to known hosts. An
   * extension without an `ID=` is held to the stricter promise.
   */
  readonly claim: 'self-contained' | 'host-bound';
}

export function readExtension(given: Tree): Extension {
  const { name, placed, view: tree, wrapped, image, promises, attributes } = given;
  const rules = extensionRules[likelyType(tree)];
  const { hierarchies, releaseDirectory } = rules;
  const merged = mergedHierarchies(tree, hierarchies);
  const view = wrapped ? withoutStagedRoot(merged, wrapped) : merged;
  const names = releaseNames(view, releaseDirectory);
  const counted = countedRelease(view, name, attributes, releaseDirectory);
  const releaseNamed = (other: string) => readRelease(view, releasePath(other, releaseDirectory));
  const release = counted === undefined ? undefined : releaseNamed(counted);
  // systemd does not read a file of another name, but it shows what was intended
  const meant = release ?? (names.length === 1 ? releaseNamed(names[0]!) : undefined);
  const id = meant?.get('ID');
  return {
    name,
    label: given.label ?? name,
    placed,
    rules,
    tree,
    view,
    layer: tree.source('/').view,
    wrapped,
    image,
    promises,
    unreadableManifests: given.unreadableManifests ?? [],
    attributes,
    opaque: new Set([...opaqueDirectories(attributes ?? new Map())].filter(isBelowHierarchy)),
    release,
    releaseFile: releasePath(name, releaseDirectory),
    releaseNames: names,
    claim: id === undefined || id === '' || id === '_any' ? 'self-contained' : 'host-bound',
  };
}

/** Returns an extension as a provider; without one, the host. */
export function asProvider(extension: Extension | undefined): Provider {
  return extension
    ? { kind: 'extension', name: extension.name, type: extension.rules.type }
    : { kind: 'host' };
}

export function isOf({ name, rules }: Extension, provider: Provider): boolean {
  return provider.kind === 'extension' && provider.name === name && provider.type === rules.type;
}

/** Returns the type of a tree by its release files or, if it has none, by its directories. */
export function likelyType(tree: View): ExtensionType {
  const top = tree.list('/');
  const possible = extensionTypes.find(type => extensionRules[type].hierarchies.some(name => top.has(name)));
  return extensionTypeOf(tree) ?? possible ?? 'sysext';
}

function readRelease(view: View, path: string): Release | undefined {
  const text = readText(view, path);
  return text === undefined ? undefined : parseAssignments(text);
}

/** The roots of layers always merge (Linux fs/overlayfs/super.c, ovl_get_root). */
function isBelowHierarchy(path: string): boolean {
  return path.indexOf('/', 1) > 0;
}
