import { FlixError } from '../errors.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { releaseNames, releasePath } from '../systemd/extension-release.ts';
import type { ExtensionRules } from '../systemd/extension-type.ts';
import type { Scope } from '../systemd/image-type.ts';
import { follow } from '../view/follow.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** What the release file must say; a value that is not given stays as it is in the tree. */
export interface ReleaseRequest {
  /** `_any`, or the host's `ID=`. */
  readonly id?: string;
  readonly versionId?: string;
  /** `SYSEXT_LEVEL=` or `CONFEXT_LEVEL=`. */
  readonly level?: string;
  readonly scope?: readonly Scope[];
  readonly reloadManager?: boolean;
}

/** The release file that goes into an image. */
export interface ReleaseFile {
  readonly path: string;
  readonly text: string;
  /** `new`: the tree has none; `changed`: the tree has another text. */
  readonly written: 'kept' | 'changed' | 'new';
}

/**
 * The release file of a tree for an extension of the given name. Throws `FlixError`: `no-extension-release` if the tree
 * is an extension of another name, and those of `composeRelease`.
 */
export function releaseFile(
  tree: View,
  name: string,
  rules: ExtensionRules,
  request: ReleaseRequest,
  architecture: string | undefined,
): ReleaseFile {
  const path = releasePath(name, rules.releaseDirectory);
  const target = follow(tree, path);
  const present = target.path !== undefined && target.kind === 'file' ? readText(tree, path) : undefined;
  const others = releaseNames(tree, rules.releaseDirectory);
  if (present === undefined && others.length > 0)
    throw new FlixError(
      'input',
      'no-extension-release',
      `${tree.label} has no ${path.slice(1)}: systemd would ignore the image`,
      `The tree has a release file for ${others.join(', ')}: give the image that name with --name, or rename the file.`,
    );
  const text = composeRelease(present, request, rules, architecture);
  refuseAnyHost(tree, path, text);
  return { path, text, written: present === undefined ? 'new' : text === present ? 'kept' : 'changed' };
}

/** Throws `FlixError` `claim-differs` for a claim of any host for a tree whose manifest expects something of its hosts. */
function refuseAnyHost(tree: View, path: string, text: string): void {
  const bound = manifestsIn(tree).find(({ host }) => host !== undefined && host.claim !== 'ID=_any');
  if (!bound || parseAssignments(text).get('ID') !== '_any') return;
  throw new FlixError(
    'input',
    'claim-differs',
    `${path.slice(1)} would say ID=_any, but the tree uses libraries or files of ${bound.host!.hosts.join(', ')}`,
    'Name a host like these: flix pack TREE --host HOST. Or make the tree without --host.',
  );
}

/** A value that needs no quotes; the keys written here accept no other values. */
const PLAIN = /^[A-Za-z0-9._+:~^-]+$/;

/**
 * The text of a release file: that of the tree with the requested values in it. A tree without a release file gets
 * `ID=_any`, and every release file gets the architecture of the programs. Throws `FlixError`: `bad-release-value`,
 * `no-id`, `wrong-architecture`.
 *
 * @param present the file in the tree; `undefined`: the tree has none
 * @param architecture as systemd spells it; `undefined`: no file of the tree determines it
 */
export function composeRelease(
  present: string | undefined,
  request: ReleaseRequest,
  { levelKey, scopeKey }: Pick<ExtensionRules, 'levelKey' | 'scopeKey'>,
  architecture: string | undefined,
): string {
  const before = parseAssignments(present ?? '');
  const id = request.id ?? (present === undefined ? '_any' : before.get('ID'));
  if (id === undefined || id === '')
    throw new FlixError(
      'input',
      'no-id',
      'the extension-release file has no ID=: systemd would ignore the image',
      'Give an ID with --os-id. _any fits every host and is right for a self-contained extension.',
    );
  const declared = before.get('ARCHITECTURE');
  if (declared && declared !== '_any' && architecture !== undefined && declared !== architecture)
    throw new FlixError(
      'input',
      'wrong-architecture',
      `the extension-release file says ARCHITECTURE=${declared}, but the programs are for ${architecture}`,
      'Correct the line, or remove it: flix then writes the architecture of the programs.',
    );
  // a requested ID binds the extension anew: values that bound the tree to another system must go
  const bound = request.id === undefined ? {} : { VERSION_ID: request.versionId, [levelKey]: request.level };
  const values: Record<string, string | undefined> = {
    ID: id,
    ...bound,
    ...(!declared && architecture !== undefined && { ARCHITECTURE: architecture }),
    ...(request.scope && { [scopeKey]: request.scope.join(' ') }),
    ...(request.reloadManager !== undefined && {
      EXTENSION_RELOAD_MANAGER: request.reloadManager ? '1' : '0',
    }),
  };
  for (const [key, value] of Object.entries(values))
    if (value !== undefined && key !== scopeKey && !PLAIN.test(value))
      throw new FlixError(
        'input',
        'bad-release-value',
        `${key}=${value} is not a valid value for a release file`,
        'Use letters, digits and . _ + : ~ ^ - only.',
      );
  return withValues(present ?? '', before, values);
}

/** Replaces the lines whose values change, and keeps all others with their comments and order. */
function withValues(
  text: string,
  before: ReadonlyMap<string, string>,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const changed = Object.entries(values).filter(([key, value]) => before.get(key) !== value);
  if (changed.length === 0) return text;
  const removed = new Set(changed.map(([key]) => key));
  const kept = text.split('\n').filter(line => line !== '' && !removed.has(line.split('=', 1)[0]!.trim()));
  const added = changed.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${PLAIN.test(value) ? value : `"${value}"`}`],
  );
  return [...kept, ...added].map(line => `${line}\n`).join('');
}
