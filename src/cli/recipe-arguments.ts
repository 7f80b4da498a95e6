import path from 'node:path';
import { readSource } from '../stage/source.ts';
import type { OptionRow, OptionTable, Recipe } from './options.ts';

/** Keys that do not become options as they are, because the planner decides about them. */
const NOT_PASSED = new Set(['root', 'paths', 'name', 'out', 'pack', 'output', 'format', 'host', 'staging']);

/** Returns the values of a recipe as options of the command line. @param near writes a path as the plan does */
export function argumentsOf(table: OptionTable, recipe: Recipe, near: (text: string) => string): string[] {
  return Object.entries<OptionRow>(table).flatMap(([key, { type, flags, negated }]) => {
    const value = recipe[key];
    const flag = /--[\w-]+/.exec(flags)![0];
    if (value === undefined || NOT_PASSED.has(key)) return [];
    if (type === 'switch')
      return value === true ? [flag] : negated === undefined ? [] : [flag.replace(/^--/, '--no-')];
    const texts = type === 'list' || type === 'paths' ? (value as readonly string[]) : [value as string];
    const isPath = type === 'path' || type === 'paths';
    return texts
      .map(text => (isPath ? near(text) : text))
      .flatMap(text => (text.startsWith('-') ? [`${flag}=${text}`] : [flag, text]));
  });
}

/** Returns the paths that a recipe gives to the options of a table. */
export function pathsIn(table: OptionTable, recipe: Recipe): string[] {
  return Object.entries<OptionRow>(table).flatMap(([key, { type }]) => {
    const value = recipe[key];
    if (value === undefined || NOT_PASSED.has(key)) return [];
    return type === 'paths' ? (value as readonly string[]) : type === 'path' ? [value as string] : [];
  });
}

/** Returns the options of a table that another one does not have. */
export function without(table: OptionTable, other: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(other, key)));
}

/** Writes a path or source of a recipe as the plan does: relative to the directory of the plan if it is inside. */
export function nearPlace(text: string, directory: string): string {
  const source = readSource(text);
  if (source)
    return 'place' in source && source.place !== '-'
      ? `${source.kind}:${nearPlace(text.slice(source.kind.length + 1), directory)}`
      : text;
  const relative = path.relative(directory, text);
  if (relative === '') return '.';
  return relative.startsWith('..') ? text : relative.startsWith('-') ? `./${relative}` : relative;
}
