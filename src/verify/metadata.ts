import { systemdDecision } from '../systemd/decision.ts';
import { filesByArchitecture } from '../systemd/architecture.ts';
import type { Faults } from '../image/fault.ts';
import type { Gpt } from '../image/gpt.ts';
import { partitionType } from '../image/partition-types.ts';
import { type ImageType, rulesOf } from '../systemd/image-type.ts';
import type { Attributes } from '../view/attributes.ts';
import {
  countedRelease,
  RELEASE_DIRECTORY,
  releaseNames,
  releasePath,
} from '../systemd/extension-release.ts';
import { extensionTypeOf } from '../systemd/extension-type.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { differenceFrom } from '../manifest/expected-entry.ts';
import { within } from '../view/path.ts';

/** What the release files of an image say. */
export interface ReleaseFacts {
  readonly type: ImageType;
  /** Of the extension; `undefined`: there is no release file, or several. */
  readonly name: string | undefined;
  /** Remarks that are not faults. */
  readonly notes: readonly string[];
}

export interface ReleaseInput {
  readonly tree: View;
  /** The name of the image file without `.raw`. */
  readonly name: string;
  readonly attributes: Attributes;
  readonly gpt: Gpt | undefined;
}

/**
 * Checks whether systemd would accept the image as an extension, in the order in which systemd checks it, and whether
 * the image matches what its release file declares.
 */
export function checkRelease(
  { tree, name: fileName, attributes, gpt }: ReleaseInput,
  faults: Faults,
): ReleaseFacts {
  const type = typeOf(tree);
  const rules = rulesOf(type);
  if (!rules) return { type, name: fileName, notes: [] };
  const names = releaseNames(tree, rules.releaseDirectory);
  const counted = countedRelease(tree, fileName, attributes, rules.releaseDirectory);
  const name = counted ?? (names.length === 1 ? names[0] : undefined);
  const path = releasePath(name ?? fileName, rules.releaseDirectory);
  const fault = (code: string, message: string) => faults.add({ code, part: 'metadata', path, message });
  const foreign = [...tree.list('/').keys()].filter(entry => !rules.hierarchies.includes(entry));
  if (foreign.length > 0)
    fault(
      'foreign-top-level',
      `the image contains ${foreign.join(', ')}, but systemd merges only ${rules.hierarchies.join(' and ')}`,
    );
  if (tree.kind('/usr/lib/os-release') !== undefined)
    fault('os-release', 'the image contains /usr/lib/os-release, which an extension must not contain');
  if (name === undefined) {
    const others =
      names.length > 0
        ? `; the image has ${names.map(other => releasePath(other, rules.releaseDirectory)).join(', ')}`
        : '';
    fault('no-release', `the file does not exist, so systemd ignores the image${others}`);
    return { type, name, notes: [] };
  }
  const release = parseAssignments(readText(tree, path) ?? '');
  const decision = systemdDecision(release, undefined, undefined, rules);
  if (!decision.accepted) fault(`release-${decision.rule}`, `systemd ignores the image: ${decision.because}`);
  const declared = release.get('ARCHITECTURE');
  if (declared && declared !== '_any')
    for (const message of architectureFaults(tree, gpt, declared)) fault('architecture', message);
  if (name === counted) return { type, name, notes: [] };
  if (/^[-_.]/.test(fileName.slice(name.length)) && fileName.startsWith(name))
    return { type, name, notes: [`systemd uses the image only if it is activated as ${name}.raw`] };
  fault(
    'release-name',
    `systemd looks for ${releasePath(fileName, rules.releaseDirectory)}, which does not exist: rename the image to ${name}.raw`,
  );
  return { type, name, notes: [] };
}

function typeOf(tree: View): ImageType {
  const type = extensionTypeOf(tree);
  if (type !== undefined) return type;
  return tree.kind('/usr/lib/os-release') !== undefined || tree.kind('/etc/os-release') !== undefined
    ? 'portable'
    : 'sysext';
}

/** One file for the declared architecture is enough, because firmware for other machines may accompany the programs. */
function* architectureFaults(tree: View, gpt: Gpt | undefined, declared: string): Iterable<string> {
  for (const { type } of gpt?.partitions ?? []) {
    const partition = partitionType(type);
    if (partition?.role === 'data' && partition.architecture !== declared)
      yield `ARCHITECTURE=${declared}, but the partition type is for ${partition.architecture}`;
  }
  const found = filesByArchitecture(tree);
  if (found.size > 0 && !found.has(declared))
    yield `ARCHITECTURE=${declared}, but the programs are for ${[...found.keys()].sort().join(', ')}`;
}

/**
 * Compares each file with its entry in the manifests of the tree. Skips release files, which “flix pack” may change.
 *
 * @returns which files could not be compared, and why
 */
export function checkManifests(tree: View, faults: Faults): string[] {
  let files = 0;
  for (const manifest of manifestsIn(tree))
    for (const { path, link, sha256 } of manifest.files) {
      if (within(RELEASE_DIRECTORY, path)) continue;
      files++;
      const message = differenceFrom(tree, { path, link, sha256: sha256?.after });
      if (message !== undefined)
        faults.add({ code: 'manifest', part: manifestPath(manifest), message, path });
    }
  const unreadable = unreadableManifestsIn(tree);
  for (const { path, kind, message } of unreadable)
    if (kind !== 'newer schema') faults.add({ code: 'unreadable-manifest', part: path, message });
  if (files + unreadable.length === 0) return ['the image contains none, so its files are not compared'];
  return unreadable
    .filter(({ kind }) => kind === 'newer schema')
    .map(({ path, message }) => `${path} ${message}; upgrade flix to compare its files`);
}
