import type { Value } from './shell-values.ts';

/** Programs that make directories, or change the modes and owners of files. */
export const CHANGE_PATHS: ReadonlySet<string> = new Set([
  'mkdir',
  'install',
  'chown',
  'chgrp',
  'chmod',
  'dpkg-statoverride',
]);

/** What a command does to one path. */
export interface Change {
  readonly path: string;
  /** `true`: makes the directory; `with-parents`: also those above it. */
  readonly makes?: true | 'with-parents';
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly mode?: string | undefined;
  /** Whether it also changes everything below. */
  readonly isRecursive?: boolean;
  readonly isOverride?: boolean;
}

/** Reads a command of `CHANGE_PATHS`; `undefined`: only a shell knows what it does. */
export function changesOf(program: string, args: readonly Value[]): Change[] | undefined {
  const known = args.filter(word => word !== undefined);
  if (known.length < args.length) return undefined;
  const { options, rest } = split(known, program === 'mkdir' || program === 'install' ? 'mog' : '');
  const has = (short: string, long: string) => options.has(short) || options.has(long);
  const of = (short: string, long: string) => options.get(short) ?? options.get(long);
  const isRecursive = has('R', 'recursive');
  if (options.has('from') || options.has('reference')) return undefined;
  const [first, second, third] = rest;
  switch (program) {
    case 'mkdir':
    case 'install': {
      if (program === 'install' && !has('d', 'directory')) return undefined;
      const mode = of('m', 'mode');
      const user = of('o', 'owner');
      const group = of('g', 'group');
      const makes = program === 'install' || has('p', 'parents') ? 'with-parents' : true;
      return rest.map(path => ({
        path,
        makes,
        mode,
        user,
        group,
      }));
    }
    case 'chown': {
      const [, user, separator, group] = /^([^:.]*)(?:([:.])(.*))?$/.exec(first ?? '') ?? [];
      // with a separator alone, the group is that of the user
      if (separator !== undefined && !group) return undefined;
      return rest
        .slice(1)
        .map(path => ({ path, isRecursive, user: user || undefined, group: group || undefined }));
    }
    case 'chgrp':
      return rest.slice(1).map(path => ({ path, isRecursive, group: first! }));
    case 'chmod':
      return rest.slice(1).map(path => ({ path, isRecursive, mode: first! }));
    case 'dpkg-statoverride': {
      const path = rest[3];
      if (path === undefined || !options.has('update')) return undefined;
      return [{ path, user: first!, group: second!, mode: third!, isOverride: true }];
    }
  }
  return undefined;
}

/** Separates options from operands. @param withValue the short options whose value is the next word */
function split(
  words: readonly string[],
  withValue: string,
): { readonly options: ReadonlyMap<string, string>; readonly rest: readonly string[] } {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [, long, value] = /^--([\w-]+)(?:=(.*))?$/.exec(word) ?? [];
    if (long !== undefined) options.set(long, value ?? '');
    else if (/^-[A-Za-z]/.test(word) && !/^-[rwxXst]+(?:,|$)/.test(word))
      for (const [index, letter] of word.slice(1).split('').entries()) {
        if (!withValue.includes(letter)) {
          options.set(letter, '');
          continue;
        }
        options.set(letter, word.slice(index + 2) || (words[++at] ?? ''));
        break;
      }
    else rest.push(word);
  }
  return { options, rest };
}
