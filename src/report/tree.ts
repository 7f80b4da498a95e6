import type { Closure, Edge, LoadedObject } from '../resolve/closure.ts';
import { count, size } from './numbers.ts';
import { objectSize, originText, providerLabel } from './origin.ts';
import { printable } from '../printable.ts';
import { hasProblem, problemsText } from './problems.ts';
import type { TextFormat } from './style.ts';

/**
 * Shows a closure as a tree. An object is expanded where it was first requested, since that request decided where it
 * was found; other objects that need it refer to it by name.
 */
export function treeText(closure: Closure, format: TextFormat): string {
  const { style } = format;
  const lines = [heading(closure, format), ...new Branches(format).below(closure.entry)];
  const libraries = closure.objects.slice(1);
  if (hasProblem(closure)) lines.push(style.faint(`${librariesText(libraries)} found`));
  else if (libraries.length > 0)
    lines.push(style.faint(`${librariesText(libraries)}, ${size(total(libraries))}`));
  for (const { name, reason } of closure.skippedPreloads)
    lines.push(
      style.faint(
        `the loader passes over ${printable(name)}, which is to be preloaded: ${printable(reason)}`,
      ),
    );
  const problems = problemsText(closure, format);
  return [...lines, ...(problems === '' ? [] : ['', problems])].join('\n');
}

/** Describes a file in one line, for `--all`. */
export function listingLine({ entry, objects, missing, fatal }: Closure): string {
  const names = new Set(missing.map(({ name }) => name));
  const end = fatal ? `, stops at ${printable(fatal.path)} (${fatal.reason})` : '';
  return `${printable(entry.real)}: ${librariesText(objects.slice(1))}, ${names.size} missing${end}`;
}

function total(objects: readonly LoadedObject[]): number {
  return objects.reduce((sum, object) => sum + objectSize(object), 0);
}

function librariesText({ length }: readonly unknown[]): string {
  return count(length, 'library', 'libraries');
}

function heading({ entry, loader }: Closure, { style, several }: TextFormat): string {
  const link = entry.real === entry.path ? '' : ` → ${printable(entry.real)}`;
  const { dynamic, interpreter } = entry.facts;
  const facts = several ? [providerLabel(entry)] : [];
  if (!dynamic) facts.push('static, loads nothing');
  else if (interpreter === undefined && dynamic.needed.length === 0) facts.push('needs no library');
  else if (loader)
    facts.push(
      `loader ${printable(loader.path)}${loader.version === undefined ? '' : `, glibc ${loader.version}`}`,
    );
  const remark = facts.length === 0 ? '' : `  ${style.faint(`(${facts.join('; ')})`)}`;
  return `${style.strong(printable(entry.path))}${link}${remark}`;
}

/** The lines below one object, as far as they are written. */
type Branch = Generator<Branch, void>;

class Branches {
  readonly #format: TextFormat;
  readonly #shown = new Set<LoadedObject>();
  readonly #lines: string[] = [];

  constructor(format: TextFormat) {
    this.#format = format;
  }

  below(entry: LoadedObject): readonly string[] {
    this.#shown.add(entry);
    // a stack of its own, since a chain of objects may be deeper than the call stack
    const open = [this.#branch(entry, '')];
    while (open.length > 0) {
      const next = open.at(-1)!.next();
      if (next.done) open.pop();
      else open.push(next.value);
    }
    return this.#lines;
  }

  /** Writes the lines below an object. Yields each branch whose lines come next. */
  *#branch(object: LoadedObject, indent: string): Generator<Branch, void> {
    const searched = searchedEdges(object);
    const refers = object.edges.some(({ origin }) => origin?.kind === 'loaded');
    for (const [index, edge] of searched.entries()) {
      const brought = edge.to?.requester === object && !this.#shown.has(edge.to) ? edge.to : undefined;
      const last = index === searched.length - 1 && !refers;
      const line = `${indent}${last ? '└─ ' : '├─ '}${this.#edge(edge, brought !== undefined)}`;
      if (brought) this.#shown.add(brought);
      if (brought && searchedEdges(brought).length > 0) {
        this.#lines.push(line);
        yield this.#branch(brought, indent + (last ? '   ' : '│  '));
      } else this.#lines.push([line, ...(brought ? this.#references(brought) : [])].join('  '));
    }
    for (const references of this.#references(object)) this.#lines.push(`${indent}└─ ${references}`);
  }

  /** Names the dependencies that are expanded elsewhere: most objects need libc, and many need all of glib. */
  #references(object: LoadedObject): string[] {
    const groups = { above: [] as string[], below: [] as string[] };
    for (const { name, to, origin } of object.edges)
      if (to && origin?.kind === 'loaded')
        groups[this.#shown.has(to) ? 'above' : 'below'].push(printable(name));
    const text = Object.entries(groups)
      .filter(([, names]) => names.length > 0)
      .map(([where, names]) => `${names.join(', ')} (${where})`);
    return text.length === 0 ? [] : [this.#format.style.faint(`… ${text.join(', ')}`)];
  }

  #edge({ tag, name, to, origin }: Edge, brought: boolean): string {
    const { style, several } = this.#format;
    const label = `${tag === 'needed' ? '' : `${tag}: `}${printable(name)}`;
    if (!to)
      return tag === 'auxiliary'
        ? style.faint(`${label} is missing, but optional`)
        : style.bad(`${label} is missing`);
    const why = [origin ? originText(origin) : '', several ? providerLabel(to) : '']
      .filter(Boolean)
      .join('; ');
    const path = printable(to.path);
    const provider = brought ? path : `the same file as ${path}`;
    return `${brought && label === path ? path : `${label} => ${provider}`}  ${style.faint(`(${why})`)}`;
  }
}

/** Returns the edges that required a search. The loader is left out, since the heading names it. */
function searchedEdges({ edges }: LoadedObject): readonly Edge[] {
  return edges.filter(({ origin }) => origin?.kind !== 'loaded' && origin?.kind !== 'loader');
}
