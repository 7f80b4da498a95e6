import { asBuffer } from '../elf/bytes.ts';
import { type Alias, longAlias, redirectAlias, SHORTEST_ALIAS } from '../relocate/place.ts';
import { padded } from '../relocate/redirect.ts';
import { basename, parent, relative } from '../view/path.ts';
import type { PlannedFile } from './plan.ts';
import type { PlanRequest } from './request.ts';

/** Spells paths of the private directory in a given length. Where they are too long for it, short links lead to them. */
export class PrivatePaths {
  readonly #prefix: string;
  readonly #long: Alias;
  readonly #aliases = new Map<string, Alias>();

  constructor({ name, prefix }: Pick<PlanRequest, 'name' | 'prefix'>) {
    this.#prefix = prefix;
    this.#long = longAlias(prefix, name);
  }

  /**
   * Returns a path of the same length that leads to a private place; `undefined`: none fits.
   *
   * @param paths all that are to lead there: one link must be short enough for each of them
   */
  replacement(
    original: string,
    { place, paths }: { readonly place: string; readonly paths: readonly string[] },
  ): string | undefined {
    const direct = this.#through(place, original.length);
    if (direct !== undefined) return direct;
    const room = Math.min(...paths.map(({ length }) => length).filter(length => length >= SHORTEST_ALIAS));
    const alias = redirectAlias(place, room);
    const text = padded(parent(alias.path), `/${basename(alias.path)}`, original.length);
    return text === undefined ? undefined : this.#via(alias, text);
  }

  #through(place: string, length: number): string | undefined {
    const rest = place.slice(this.#prefix.length);
    const direct = padded(this.#prefix, rest, length);
    if (direct !== undefined) return direct;
    const text = padded(this.#long.path, rest, length);
    return text === undefined ? undefined : this.#via(this.#long, text);
  }

  #via(alias: Alias, text: string): string | undefined {
    const known = this.#aliases.get(alias.path);
    if (known && known.to !== alias.to) return undefined;
    this.#aliases.set(alias.path, alias);
    return text;
  }

  /** Returns the short links that the edits of files lead through. */
  links(files: readonly PlannedFile[]): PlannedFile[] {
    const edits = files.flatMap(({ content }) => (content.kind === 'copy' ? content.edits : []));
    const texts = edits.flatMap(edit =>
      edit.kind === 'bytes' ? [asBuffer(edit.after).toString('latin1')] : [],
    );
    const used = [...this.#aliases.values()].filter(({ path }) => {
      const text = new RegExp(`^${parent(path)}/+${basename(path).replaceAll('.', '\\.')}(?:/|$)`);
      return texts.some(each => text.test(each));
    });
    return used.map(({ path, to }) => ({
      target: path,
      role: 'metadata',
      content: { kind: 'link', to: relative(path, to) },
      why: `link to ${to}, for paths that are too short for it`,
    }));
  }
}
