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
import { checkHierarchies, checkPortable } from './layout.ts';
import { type ReleaseFile, releaseFile } from './release.ts';
import { rulesOf } from '../systemd/image-type.ts';

/** What is to be made of a tree, once everything that can be wrong with the wish was looked at. */
export interface ImageDescription {
  readonly view: View;
  /** The tree, absolute, without links. */
  readonly root: string;
  readonly name: string;
  readonly architecture: string | undefined;
  readonly release: ReleaseFile | undefined;
  /** Absolute. */
  readonly output: string;
}

/** `1.2.3`, `2024.1~rc1`, `1.0-2`: what versions of images are made of (UAPI.10), none of which needs quoting. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.~^+_-]*$/;

/** Reads a tree and what is wanted of it; nothing is written. Throws `FlixError`. */
export function describeImage(tree: string, options: PackOptions): ImageDescription {
  const { type, version, format, progress: say } = options;
  checkOptions(options);
  // whether a version is provided is for the audit
  const view = directoryView(tree, { label: tree, versions: false });
  checkHierarchies(view, type);
  const rules = rulesOf(type);
  const name = options.name ?? nameFor(view, rules, options.output);
  checkImageName(name);
  const architecture = treeArchitecture(view, options.architecture);
  if (format === 'ddi' && architecture === undefined)
    throw new FlixError(
      'input',
      'no-architecture',
      `${tree} holds no program that says for which architecture it is, and a DDI is for one`,
      'give it with --arch (x86-64, arm64), or take --format erofs, which fits every machine',
    );
  const release = rules && releaseFile(view, name, rules, options.release, architecture);
  if (rules && release) checkRelease(release, rules, options);
  else for (const remark of checkPortable(view, name)) say.message(remark);
  const root = fs.realpathSync(tree);
  const file = [
    name,
    ...(version === undefined ? [] : [version, ...(architecture ? [architecture] : [])]),
  ].join('-');
  const output = path.resolve(options.output ?? path.join(root, '..', file + suffixes[format]));
  checkOutput(output, root, format);
  const activated = `${name}${suffixes[format]}`;
  if (options.output !== undefined && path.basename(output) !== activated && !options.anyName && rules)
    say.message(
      `${path.basename(output)}: systemd uses the image only where it is activated as ${activated}`,
    );
  return { view, root, name, architecture, release, output };
}

/** Whether the image is meant for the initrd or for portable services only is its maker's choice, so its scope is not checked. */
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
      `the tree has no ${at.slice(1)}: the image gets one with ${text.trim().split('\n').join(', ')}` +
        (values.get('ID') === '_any'
          ? ', right for what is self-contained (--os-id binds it to a system)'
          : ''),
    );
}

function checkOptions({ version, format, verity, signer, labels, anyName, type }: PackOptions): void {
  if (version !== undefined && !VERSION.test(version))
    throw new FlixError(
      'input',
      'bad-version',
      `--version ${version} cannot be a part of a file name`,
      '1.2.3, for example',
    );
  if (!isBlockImage(format) && (verity || signer))
    throw unfit(format, 'verity and signatures', 'ddi, erofs, squashfs, ext4, btrfs');
  const attributes: readonly Format[] = ['ddi', 'erofs', 'squashfs', 'tar'];
  if (labels && !attributes.includes(format)) throw unfit(format, 'SELinux labels', attributes.join(', '));
  if (anyName && type === 'portable')
    throw new FlixError(
      'input',
      'usage',
      '--any-name is about the release file of an extension, and a portable service has none',
    );
}

function unfit(format: Format, what: string, formats: string): FlixError {
  return new FlixError(
    'input',
    'unfit-format',
    `--format ${format} takes no ${what}`,
    `these do: ${formats}`,
  );
}

function nameFor(tree: View, rules: ExtensionRules | undefined, output: string | undefined): string {
  if (output !== undefined) return imageNameOf(path.basename(output));
  const names = rules ? releaseNames(tree, rules.releaseDirectory) : [];
  if (names.length === 1) return names[0]!;
  const found =
    names.length > 0
      ? `it could be ${names.join(', ')}`
      : rules
        ? 'it has no extension-release file'
        : 'a portable service is called as its image';
  throw new FlixError(
    'input',
    'no-name',
    `${tree.label}: the extension has no name: ${found}`,
    'give one with --name',
  );
}

/** Refuses a place that cannot be meant. Throws `FlixError`. */
function checkOutput(output: string, root: string, format: Format): void {
  const parent = path.dirname(output);
  const stat = fs.statSync(parent, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new FlixError('io', 'no-directory', `${parent} is no directory: the image cannot be written there`);
  checkImageName(imageNameOf(path.basename(output)));
  const real = fs.existsSync(output)
    ? fs.realpathSync(output)
    : path.join(fs.realpathSync(parent), path.basename(output));
  if (real === root)
    throw new FlixError(
      'input',
      'output-is-tree',
      `${output} is the tree itself`,
      'name another place with -o',
    );
  if (real.startsWith(`${root}/`))
    throw new FlixError(
      'input',
      'output-in-tree',
      `${output} lies in the tree: the image would hold itself`,
      'name another place with -o',
    );
  if (root.startsWith(`${real}/`))
    throw new FlixError(
      'input',
      'output-holds-tree',
      `${output} holds the tree`,
      'name another place with -o',
    );
  if (format !== 'directory' && fs.statSync(output, { throwIfNoEntry: false })?.isDirectory())
    throw new FlixError('input', 'directory-in-place', `${output} is a directory`, 'name a file with -o');
}
