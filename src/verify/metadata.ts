import { systemdDecision } from '../systemd/decision.ts';
import { machineOf } from '../elf/machine.ts';
import { ET_DYN, ET_EXEC } from '../elf/constants.ts';
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
import { objectAt } from '../view/object.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { differenceFrom } from '../manifest/expected-entry.ts';
import { within } from '../view/path.ts';

export interface ReleaseFacts {
  readonly type: ImageType;
  /** Of the extension; `undefined`: it has none, or several. */
  readonly name: string | undefined;
  /** What is no fault and has to be known. */
  readonly notes: readonly string[];
}

export interface ReleaseInput {
  readonly tree: View;
  /** Of the image, without `.raw`. */
  readonly name: string;
  readonly attributes: Attributes;
  readonly gpt: Gpt | undefined;
}

/**
 * Whether systemd would take the image for an extension at all, in the order in which it looks, and whether what it
 * declares is true of its files.
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
      `${foreign.join(', ')}: systemd merges ${rules.hierarchies.join(' and ')} only`,
    );
  if (tree.kind('/usr/lib/os-release') !== undefined)
    fault('os-release', 'the image brings /usr/lib/os-release, which an extension may not');
  if (name === undefined) {
    const others =
      names.length > 0
        ? `; it has ${names.map(other => releasePath(other, rules.releaseDirectory)).join(', ')}`
        : '';
    fault('no-release', `there is no such file: systemd ignores the image${others}`);
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
    return { type, name, notes: [`systemd uses it only where it is activated as ${name}.raw`] };
  fault(
    'release-name',
    `systemd looks for ${releasePath(fileName, rules.releaseDirectory)}: rename the image to ${name}.raw`,
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

/** Firmware of another machine may lie beside the programs, so one file of the right kind is enough. */
function* architectureFaults(tree: View, gpt: Gpt | undefined, declared: string): Iterable<string> {
  for (const { type } of gpt?.partitions ?? []) {
    const partition = partitionType(type);
    if (partition?.role === 'data' && partition.architecture !== declared)
      yield `ARCHITECTURE=${declared}, and the partition is one of ${partition.architecture}`;
  }
  const found = new Set<string>();
  for (const { path, kind } of walk(tree, '/')) {
    const header = kind === 'file' ? objectAt(tree, path).facts?.header : undefined;
    const program = header && (header.type === ET_EXEC || header.type === ET_DYN);
    const architecture = program && machineOf(header)?.systemd;
    if (architecture) found.add(architecture);
  }
  if (found.size > 0 && !found.has(declared))
    yield `ARCHITECTURE=${declared}, and its programs are for ${[...found].sort().join(', ')}`;
}

/**
 * Compares each file with what the manifests in the tree say of it. The release file is left out: packing may write
 * into it.
 *
 * @returns what could not be compared, and why
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
  if (files + unreadable.length === 0) return ['the image holds none: its files are compared with nothing'];
  return unreadable
    .filter(({ kind }) => kind === 'newer schema')
    .map(({ path, message }) => `${path} ${message}; upgrade flix to compare its files`);
}
