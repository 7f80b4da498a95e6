import { within } from '../view/path.ts';
import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import type { Claims } from './claims.ts';
import { isReadable } from './source.ts';
import { stateFile, stateLine, withLinkTargets } from './packages/state.ts';

/** Whether a path of the root can only be a default in a tree. */
export function isDefault(path: string): boolean {
  return within('/etc', path) && path !== '/etc';
}

/** Returns why a path of /etc cannot be a default; `undefined`: it can. */
export function refusesDefault(view: View, path: string): string | undefined {
  if (withLinkTargets(view, path).some(at => stateLine(view, at, '') === 'unnamed'))
    return 'no line of tmpfiles.d can name it';
  const real = follow(view, path);
  if (real.path === undefined || real.kind !== 'file') return 'only files can be defaults';
  if (!isReadable(view, real.path)) return 'this user may not read it';
  return within('/etc', real.path) ? undefined : 'it is a link out of /etc';
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

  /** Whether the tree has a path of /etc as a default, also one that packages brought. */
  has(path: string): boolean {
    return (
      this.#known.has(path) ||
      this.#lines().some(line => line.startsWith('C ') && line.split(' ')[1] === path)
    );
  }

  /** Adds a file that `refusesDefault` does not refuse, with the links of /etc that lead to it. */
  add(path: string, why: string): void {
    const lines = new Set(this.#lines());
    for (const at of withLinkTargets(this.#view, path)) {
      const line = stateLine(this.#view, at, why);
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
