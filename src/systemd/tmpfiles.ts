import { compileGlob } from '../glob.ts';
import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { join, normalise, parent } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { Kind, View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { dropIns } from './configuration-files.ts';
import { firstWords, unescapeAll } from './exec-lines.ts';
import { expandSpecifiers } from './specifiers.ts';

/** A line of a tmpfiles.d file whose specifiers are known. */
export interface TmpfilesLine {
  readonly file: string;
  /** Without modifiers, such as `d`. */
  readonly type: string;
  readonly path: string;
  /** Names or numbers; empty: not given. */
  readonly user: string;
  readonly group: string;
  readonly argument: string;
}

const PLACES = ['/etc', '/run', '/usr/local/lib', '/usr/lib'].map(place => `${place}/tmpfiles.d`);

/** The tmpfiles.d files that systemd-tmpfiles reads, in its order (tmpfiles.d(5)). */
export function tmpfilesFiles(view: View): string[] {
  return dropIns(view, PLACES);
}

/** The lines of a tmpfiles.d file. */
export const tmpfilesLines = memoised((view, file): readonly TmpfilesLine[] =>
  (readText(view, file) ?? '').split('\n').flatMap(text => {
    if (/^\s*(?:#|$)/.test(text)) return [];
    const { words, rest } = firstWords(text, 6);
    const [type = '', path, , user, group] = words;
    const expanded = path === undefined ? undefined : expandSpecifiers(path);
    const to = argumentIn(rest.trim());
    if (expanded === undefined || to === undefined || !expanded.startsWith('/')) return [];
    return [
      {
        file,
        type: type[0] ?? '',
        path: normalise(expanded),
        user: accountIn(user),
        group: accountIn(group),
        argument: to,
      },
    ];
  }),
);

/** Quotes are not undone in the last field (src/tmpfiles/tmpfiles.c, parse_line and specifier_expansion_from_arg). */
function argumentIn(text: string): string | undefined {
  const unescaped = text === '-' ? '' : unescapeAll(text);
  return unescaped === undefined ? undefined : expandSpecifiers(unescaped);
}

/** A colon restricts the account to entries that the line creates. */
function accountIn(text = '-'): string {
  const name = text.replace(/^:/, '');
  return name === '-' ? '' : name;
}

/** What is created in addition to what a root contains. */
export type Created = ReadonlyMap<string, Exclude<Kind, 'link'> | { readonly link: string }>;

/** The entries that lines of tmpfiles.d create in a root. */
export function createdBy(view: View, lines: Iterable<TmpfilesLine>): Created {
  const created = new Map<string, Exclude<Kind, 'link'> | { readonly link: string }>();
  for (const { type, path, argument } of lines) {
    const source = argument === '' ? `/usr/share/factory${path}` : argument;
    if ('dDvqQ'.includes(type)) created.set(path, 'directory');
    else if ('fF'.includes(type)) created.set(path, 'file');
    else if ('pcb'.includes(type)) created.set(path, 'other');
    else if (type === 'L') created.set(path, { link: source });
    else if (type === 'C') for (const [at, kind] of copied(view, source, path)) created.set(at, kind);
  }
  return created;
}

function copied(view: View, source: string, to: string): Created {
  const from = follow(view, source);
  if (from.path === undefined) return new Map();
  const found = new Map<string, Exclude<Kind, 'link'> | { readonly link: string }>([[to, from.kind]]);
  if (from.kind === 'directory')
    for (const { path, kind } of walk(view, from.path))
      found.set(
        to + path.slice(from.path === '/' ? 0 : from.path.length),
        kind === 'link' ? { link: view.readlink(path) } : kind,
      );
  return found;
}

/** Shows a root with entries created in it, and with the directories that lead to them. What exists stays. */
export function withCreated(view: View, created: Created): View {
  const added = new Map<string, Exclude<Kind, 'link'> | { readonly link: string }>();
  for (const [path, kind] of created) {
    const real = realPath(view, path);
    if (view.kind(real) !== undefined) continue;
    added.set(real, kind);
    for (let at = parent(real); at !== '/' && view.kind(at) === undefined; at = parent(at))
      if (!added.has(at)) added.set(at, 'directory');
  }
  if (added.size === 0) return view;
  const kindOf = (path: string): Kind | undefined => {
    const kind = added.get(path);
    return typeof kind === 'object' ? 'link' : kind;
  };
  return {
    label: view.label,
    versions: view.versions,
    list: directory => {
      const names = new Map(view.list(directory));
      for (const path of added.keys())
        if (parent(path) === directory) names.set(path.slice(path.lastIndexOf('/') + 1), kindOf(path)!);
      return new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    kind: path => view.kind(path) ?? kindOf(path),
    readlink: path => {
      const kind = added.get(path);
      return typeof kind === 'object' ? kind.link : view.readlink(path);
    },
    stat: path => view.stat(path),
    isMountPoint: directory => view.isMountPoint(directory),
    open: path => view.open(path),
    source: path => view.source(path),
  };
}

/** A path with the links of its directories followed as far as they exist. */
function realPath(view: View, path: string): string {
  const parts = path.split('/').filter(Boolean);
  for (let length = parts.length - 1; length > 0; length--) {
    const real = follow(view, `/${parts.slice(0, length).join('/')}`).path;
    if (real !== undefined) return parts.slice(length).reduce(join, real);
  }
  return path;
}

/** Whether a path exists or, with wildcards, whether any path matches as glob(3) reads it. */
export function matchesAny(view: View, pattern: string): boolean {
  let found = ['/'];
  for (const part of pattern.split('/').filter(Boolean)) {
    const matches = compileGlob(part, { pathname: true });
    const isPattern = /[*?[]/.test(part);
    found = found.flatMap(at => {
      if (!isPattern)
        return view.kind(join(at, part)) === undefined && part !== '..'
          ? []
          : [follow(view, join(at, part)).path].filter(path => path !== undefined);
      return [...view.list(at).keys()]
        .filter(name => matches(name) && (part.startsWith('.') || !name.startsWith('.')))
        .flatMap(name => follow(view, join(at, name)).path ?? []);
    });
  }
  return found.length > 0;
}
