import { type Attributes, opaqueDirectories } from '../view/attributes.ts';
import { countedRelease, releaseNames, releasePath } from '../systemd/extension-release.ts';
import {
  type ExtensionRules,
  extensionRules,
  type ExtensionType,
  extensionTypeOf,
  extensionTypes,
  mergedHierarchies,
} from '../systemd/extension-type.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Provider } from './finding.ts';
import type { Release } from '../systemd/decision.ts';
import type { ImageFacts } from '../systemd/image-policy.ts';
import type { Promises, UnreadableManifest } from './promises.ts';
import { withoutStagedRoot, type WrappedTree } from './wrapped.ts';

/** A tree that is given to the audit. */
export interface Tree {
  /** The name that systemd takes: that of the directory. */
  readonly name: string;
  readonly view: View;
  /** Its programs are wrapped. */
  readonly wrapped?: WrappedTree | undefined;
  /** It was read from an image. */
  readonly image?: ImageFacts | undefined;
  /** Its manifest. */
  readonly promises?: Promises | undefined;
  readonly unreadableManifests?: readonly UnreadableManifest[] | undefined;
  /** `undefined`: there was nothing to read them with. */
  readonly attributes?: Attributes | undefined;
}

export interface Extension {
  readonly name: string;
  /** What systemd does with its type. */
  readonly rules: ExtensionRules;
  /** All that it holds, whether or not it is merged. */
  readonly tree: View;
  /** Its hierarchies, `/usr` and `/opt`, say; without a staged root, which is a world of its own. */
  readonly view: View;
  /** The view that owns its files, as `View.source` names it. */
  readonly layer: View;
  readonly wrapped: WrappedTree | undefined;
  readonly image: ImageFacts | undefined;
  readonly promises: Promises | undefined;
  readonly unreadableManifests: readonly UnreadableManifest[];
  readonly attributes: Attributes | undefined;
  /** Its directories that merge with none of the host. */
  readonly opaque: ReadonlySet<string>;
  /** The release file that systemd reads: the one that bears its name, or that counts under every name. */
  readonly release: Release | undefined;
  /** Where systemd looks for it. */
  readonly releaseFile: string;
  /** Names of all its release files, without `extension-release.` */
  readonly releaseNames: readonly string[];
  /**
   * `ID=_any` promises that nothing comes from the host; an `ID=` of its own binds it to hosts that are known. An
   * extension that says neither is held to the stricter promise.
   */
  readonly claim: 'self-contained' | 'host-bound';
}

export function readExtension(given: Tree): Extension {
  const { name, view: tree, wrapped, image, promises, attributes } = given;
  const rules = extensionRules[likelyType(tree)];
  const { hierarchies, releaseDirectory } = rules;
  const merged = mergedHierarchies(tree, hierarchies);
  const view = wrapped ? withoutStagedRoot(merged, wrapped) : merged;
  const names = releaseNames(view, releaseDirectory);
  const counted = countedRelease(view, name, attributes, releaseDirectory);
  const releaseNamed = (other: string) => readRelease(view, releasePath(other, releaseDirectory));
  const release = counted === undefined ? undefined : releaseNamed(counted);
  // a file of another name is not read by systemd, and still says what was meant
  const meant = release ?? (names.length === 1 ? releaseNamed(names[0]!) : undefined);
  const id = meant?.get('ID');
  return {
    name,
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

/** Names who provides a file: this extension or, if there is none, the host. */
export function asProvider(extension: Extension | undefined): Provider {
  return extension
    ? { kind: 'extension', name: extension.name, type: extension.rules.type }
    : { kind: 'host' };
}

export function isOf({ name, rules }: Extension, provider: Provider): boolean {
  return provider.kind === 'extension' && provider.name === name && provider.type === rules.type;
}

/** What a tree is by its release files; one that has none is what its directories can be. */
export function likelyType(tree: View): ExtensionType {
  const top = tree.list('/');
  const possible = extensionTypes.find(type => extensionRules[type].hierarchies.some(name => top.has(name)));
  return extensionTypeOf(tree) ?? possible ?? 'sysext';
}

function readRelease(view: View, path: string): Release | undefined {
  const text = readText(view, path);
  return text === undefined ? undefined : parseAssignments(text);
}

/** The roots of layers merge in any case (Linux fs/overlayfs/super.c, ovl_get_root). */
function isBelowHierarchy(path: string): boolean {
  return path.indexOf('/', 1) > 0;
}
