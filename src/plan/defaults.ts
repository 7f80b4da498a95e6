import { within } from '../view/path.ts';
import { databaseOf, packageOf } from '../packages/database.ts';
import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Claims } from './claims.ts';
import { isPublic } from './source.ts';
import { stateFile, stateLine, withLinkTargets } from './packages/state.ts';

/** Whether a tree can have a path of the root only as a default. */
export function isDefault(path: string): boolean {
  return within('/etc', path) && path !== '/etc';
}

/** Returns why a path of /etc cannot be a default; `undefined`: it can. */
export function refusesDefault(view: View, path: string): string | undefined {
  if (withLinkTargets(view, path).some(at => stateLine(view, at, '') === 'unnamed'))
    return 'no line of tmpfiles.d can name it';
  const real = follow(view, path);
  if (real.path === undefined || (real.kind !== 'file' && real.kind !== 'directory'))
    return 'only files and directories can be defaults';
  if (!within('/etc', real.path)) return 'it is a link out of /etc';
  if (real.kind === 'file' && !isPublic(view, real.path))
    return 'only some users may read it, so it may be secret';
  return undefined;
}

/**
 * Returns the files below a directory of /etc, or one file with the links that lead to it; `from` has the contents of `at`. In a
 * root with packages, files that no package owns are left out: an administrator may have made them, and they may be secret.
 */
function contentsOf(view: View, path: string): { readonly at: string; readonly from: string }[] {
  const real = follow(view, path);
  if (real.path === undefined || real.kind !== 'directory')
    return withLinkTargets(view, path).map(at => ({ at, from: at }));
  return [...walk(view, real.path)].flatMap(({ path: at, kind }) => {
    const file = kind === 'directory' ? undefined : follow(view, at);
    if (file?.path === undefined || file.kind !== 'file' || !isPublic(view, file.path)) return [];
    const isOfPackage = databaseOf(view) === undefined || packageOf(view, file.path) !== undefined;
    // hosts may lack the file to which a link leads, so its contents are copied
    return isOfPackage ? [{ at, from: file.path }] : [];
  });
}

/** Files of /etc that programs of the tree need: defaults, which systemd-tmpfiles copies to a host that lacks them. */
export class Defaults {
  readonly #view: View;
  readonly #claims: Claims;
  readonly #file: string;
  readonly #known = new Set<string>();

  constructor(view: View, claims: Claims, name: string) {
    this.#view = view;
    this.#claims = claims;
    this.#file = stateFile(name);
  }

  /** Whether the tree has a path of /etc as a default, whether a need or a package brought it. */
  has(path: string): boolean {
    return (
      this.#known.has(path) ||
      this.#lines().some(line => line.startsWith('C ') && line.split(' ')[1] === path)
    );
  }

  /** Adds a file or directory that `refusesDefault` does not refuse, with the links of /etc that lead to it. */
  add(path: string, why: string): void {
    const lines = new Set(this.#lines());
    for (const { at, from } of contentsOf(this.#view, path)) {
      const line = stateLine(this.#view, at, why, from);
      if (typeof line !== 'object') continue;
      lines.add(line.text);
      if (line.file) this.#claims.claim(line.file);
    }
    this.#known.add(path);
    this.#claims.replace({
      target: this.#file,
      role: 'metadata',
      content: { kind: 'text', text: `${[...lines].sort().join('\n')}\n` },
      why: this.#claims.get(this.#file)?.why ?? 'the files in /etc that its programs need',
    });
  }

  #lines(): string[] {
    const content = this.#claims.get(this.#file)?.content;
    return content?.kind === 'text' ? content.text.split('\n').filter(line => line !== '') : [];
  }
}
