import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { directoryView } from '../view/directory.ts';
import { systemdDecision } from '../systemd/decision.ts';
import { releaseNames } from '../systemd/extension-release.ts';
import type { ExtensionRules } from '../systemd/extension-type.ts';
import { parseAssignments } from '../view/os-release.ts';
import type { View } from '../view/view.ts';
import { treeArchitecture } from './architecture.ts';
import { type Format, isBlockImage, suffixes } from './format.ts';
import { checkImageName, imageNameOf } from '../systemd/image-name.ts';
import type { PackOptions } from './options.ts';
import { checkDirectoryModes, checkHierarchies, checkPortable } from './layout.ts';
import { type ReleaseFile, releaseFile } from './release.ts';
import { rulesOf } from '../systemd/image-type.ts';
import { imageNameAt } from '../systemd/versions-directory.ts';

/** The image to make of a tree, after the tree and the options have been checked. */
export interface ImageDescription {
  readonly view: View;
  /** The absolute path of the tree, without links. */
  readonly root: string;
  readonly name: string;
  readonly architecture: string | undefined;
  readonly release: ReleaseFile | undefined;
  /** The absolute path of the image. */
  readonly output: string;
}

/** Versions such as `1.2.3`, `2024.1~rc1` and `1.0-2` (UAPI.10); none of these characters needs quoting. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.~^+_-]*$/;

/** Checks a tree and the options for its image, without writing anything. Throws `FlixError`. */
export function describeImage(tree: string, options: PackOptions): ImageDescription {
  const { type, version, format, progress: say } = options;
  checkOptions(options);
  // symbol versions are for the audit
  const view = directoryView(tree, { label: tree, versions: false });
  checkHierarchies(view, type);
  const rules = rulesOf(type);
  if (rules) checkDirectoryModes(view, options.force);
  const name = options.name ?? nameFor(view, rules, options.output);
  checkImageName(name);
  const architecture = treeArchitecture(view, options.architecture);
  if (format === 'ddi' && architecture === undefined)
    throw new FlixError(
      'input',
      'no-architecture',
      `${tree} contains no program that determines the architecture, which a DDI requires`,
      'Give it with --arch (x86-64, arm64), or use --format erofs, which works for every architecture.',
    );
  const release = rules && releaseFile(view, name, rules, options.release, architecture);
  if (rules && release) checkRelease(release, rules, options);
  else for (const warning of checkPortable(view, name)) say.message(warning);
  const root = fs.realpathSync(tree);
  const file = [
    name,
    ...(version === undefined ? [] : [version, ...(architecture ? [architecture] : [])]),
  ].join('-');
  const output = path.resolve(options.output ?? path.join(root, '..', file + suffixes[format]));
  checkOutput(output, root, format);
  const activated = `${name}${suffixes[format]}`;
  const isActive = path.basename(output) === activated || imageNameAt(output) === name;
  if (options.output !== undefined && !isActive && !options.anyName && rules)
    say.message(`${path.basename(output)}: systemd uses the image only if it is activated as ${activated}`);
  return { view, root, name, architecture, release, output };
}

/** Refuses a release file for which systemd would ignore the image. An image may be for the initrd or portable services only, so the scope does not matter. */
function checkRelease(
  { path: at, text, written }: ReleaseFile,
  rules: ExtensionRules,
  { host, progress: say }: PackOptions,
): void {
  const values = parseAssignments(text);
  const decision = systemdDecision(values, host, undefined, rules);
  if (!decision.accepted && decision.rule !== 'scope')
    throw new FlixError(
      'input',
      'ignored-release',
      `systemd would ignore the image: ${decision.because}`,
      `Check ${at.slice(1)}.`,
    );
  if (written === 'new')
    say.message(
      `the tree has no ${at.slice(1)}, so the image gets one with ${text.trim().split('\n').join(', ')}` +
        (values.get('ID') === '_any'
          ? ', which is right for a self-contained extension; --os-id binds it to a distribution'
          : ''),
    );
}

/** Refuses a version that cannot be part of a file name. Throws `FlixError` `bad-version`. */
export function checkVersion(version: string): void {
  if (VERSION.test(version)) return;
  throw new FlixError(
    'input',
    'bad-version',
    `the version ${JSON.stringify(version)} contains characters that a version may not have`,
    'Use a version such as 1.2.3, of letters, digits and . ~ ^ + _ - only.',
  );
}

function checkOptions({ version, format, verity, signer, labels, anyName, type }: PackOptions): void {
  if (version !== undefined) checkVersion(version);
  if (!isBlockImage(format) && (verity || signer))
    throw unfit(format, 'verity and signatures', 'ddi, erofs, squashfs, ext4, btrfs');
  const attributes: readonly Format[] = ['ddi', 'erofs', 'squashfs', 'tar'];
  if (labels && !attributes.includes(format)) throw unfit(format, 'SELinux labels', attributes.join(', '));
  if (anyName && type === 'portable')
    throw new FlixError(
      'input',
      'usage',
      '--any-name changes the release file of an extension, but a portable service has none',
      'Remove --any-name.',
    );
}

function unfit(format: Format, what: string, formats: string): FlixError {
  return new FlixError(
    'input',
    'unfit-format',
    `--format ${format} does not support ${what}`,
    `These formats do: ${formats}.`,
  );
}

function nameFor(tree: View, rules: ExtensionRules | undefined, output: string | undefined): string {
  if (output !== undefined) return imageNameAt(path.resolve(output));
  const names = rules ? releaseNames(tree, rules.releaseDirectory) : [];
  if (names.length === 1) return names[0]!;
  const found =
    names.length > 0
      ? `the tree has release files for ${names.join(', ')}`
      : rules
        ? 'the tree has no extension-release file'
        : 'a portable service takes its name from the image';
  throw new FlixError(
    'input',
    'no-name',
    `${tree.label}: the name of the image is not known: ${found}`,
    `For example: flix pack ${tree.label} --name ${path.basename(path.resolve(tree.label))}`,
  );
}

/** Refuses output paths in, at or above the tree, and those where no image can be written. Throws `FlixError`. */
function checkOutput(output: string, root: string, format: Format): void {
  const parent = path.dirname(output);
  const stat = fs.statSync(parent, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new FlixError(
      'io',
      'no-directory',
      `${parent} is not a directory, so no image can be written there`,
      'Create it, or choose another place with -o.',
    );
  checkImageName(imageNameOf(path.basename(output)));
  const real = fs.existsSync(output)
    ? fs.realpathSync(output)
    : path.join(fs.realpathSync(parent), path.basename(output));
  if (real === root)
    throw new FlixError(
      'input',
      'output-is-tree',
      `${output} is the tree itself`,
      'Choose another place with -o.',
    );
  if (real.startsWith(`${root}/`))
    throw new FlixError(
      'input',
      'output-in-tree',
      `${output} is in the tree, so the image would contain itself`,
      'Choose another place with -o.',
    );
  if (root.startsWith(`${real}/`))
    throw new FlixError(
      'input',
      'output-holds-tree',
      `${output} contains the tree, which it would overwrite`,
      'Choose another place with -o.',
    );
  if (format !== 'directory' && fs.statSync(output, { throwIfNoEntry: false })?.isDirectory())
    throw new FlixError('input', 'directory-in-place', `${output} is a directory`, 'Name a file with -o.');
}
