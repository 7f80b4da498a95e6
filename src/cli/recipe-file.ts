import { dirname, resolve } from 'node:path';
import { closestMatch } from 'leven';
import { FlixError } from '../errors.ts';
import { readOptionalText } from '../io/read-text.ts';
import { sourceIn } from '../stage/source.ts';
import type { Recipe } from './options.ts';
import { type RecipeKey, type RecipeKeys, recipeKeys } from './recipe-keys.ts';

/** The recipe that is read if the user names none and it exists. */
export const DEFAULT_RECIPE = 'flix.json';

/**
 * Reads the recipe that the user named, or `flix.json` of the current directory; empty if there is no such file. Throws
 * `FlixError`: `no-recipe` for a named file that does not exist, and `bad-recipe`, which names the key that is wrong.
 */
export function readRecipe(named?: string): Recipe {
  const file = named ?? DEFAULT_RECIPE;
  const text = readOptionalText(file);
  if (text === undefined) {
    if (named === undefined) return {};
    throw new FlixError(
      'input',
      'no-recipe',
      `${file}: no such file`,
      'Name a recipe, or write one: flix init PACKAGE',
    );
  }
  const { $schema, ...content } = parse(file, text);
  if ($schema !== undefined && typeof $schema !== 'string')
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: $schema must be a string`,
      'Write the URL or path of flix.schema.json.',
    );
  return membersOf(file, '', recipeKeys, content);
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    // a byte order mark is ignored, as RFC 8259 allows
    const document = text.replace(/^\uFEFF/, '');
    const value: unknown = JSON.parse(document);
    if (!isObject(value)) throw new SyntaxError('the document is not an object');
    const twice = repeatedKey(document);
    if (twice === undefined) return value;
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: the key ${JSON.stringify(twice)} occurs twice in one object, and JSON keeps only the last value`,
      'Remove one of them.',
    );
  } catch (error) {
    if (error instanceof FlixError) throw error;
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: ${(error as Error).message}`,
      'A recipe is a JSON object, such as {"root": "debian:bookworm", "package": ["tilde"]}.',
    );
  }
}

/** Returns a key that occurs twice in one object of a valid JSON document; `JSON.parse` keeps its last value silently. */
function repeatedKey(document: string): string | undefined {
  const open: Set<string>[] = [];
  let last = '';
  for (const [token] of document.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') last = token;
    else {
      const key = JSON.parse(last) as string;
      if (open.at(-1)!.has(key)) return key;
      open.at(-1)!.add(key);
    }
  }
  return undefined;
}

/** Checks the members of an object, and resolves their paths. @param place of the object in the file: `tests[0].` */
function membersOf(file: string, place: string, keys: RecipeKeys, object: object): Record<string, unknown> {
  for (const [key, { required = false, ...row }] of Object.entries(keys))
    if (required && !Object.hasOwn(object, key))
      throw new FlixError(
        'input',
        'bad-recipe',
        `${file}: ${place.replace(/\.$/, '')} has no ${JSON.stringify(key)}, which must be ${expected(row)}`,
        `It is ${row.help}.`,
      );
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => {
      const row = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (row) return [key, valueOf(file, `${place}${key}`, row, value)];
      const where = place === '' ? '' : ` in ${place.replace(/\.$/, '')}`;
      throw new FlixError(
        'input',
        'bad-recipe',
        `${file}: unknown key ${JSON.stringify(key)}${where}`,
        keyFix(key, Object.keys(keys)),
      );
    }),
  );
}

function valueOf(file: string, place: string, row: RecipeKey, value: unknown): unknown {
  if (row.type === 'object' && isObject(value)) return membersOf(file, `${place}.`, row.members!, value);
  if (row.type === 'objects' && Array.isArray(value) && value.every(isObject))
    return value.map((item, i) => membersOf(file, `${place}[${i}].`, row.members!, item));
  if (!isValid(row, value))
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: ${place} must be ${expected(row)}, but is ${JSON.stringify(value)}`,
      isListed(row, value) ? `Write [${JSON.stringify(value)}].` : undefined,
    );
  if (hasNul(value))
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: ${place} contains the character \\u0000, which no path and no argument of a program can have`,
      'Remove it.',
    );
  const here = (path: string) => sourceIn(path, dirname(file)) ?? resolve(dirname(file), path);
  if (row.type === 'path') return here(value as string);
  return row.type === 'paths' ? (value as string[]).map(here) : value;
}

function keyFix(key: string, known: readonly string[]): string {
  const camel = key.replace(/^-+/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (known.includes(camel)) return `Write it as ${JSON.stringify(camel)}.`;
  const near = closestMatch(key, known, { maxDistance: Math.max(2, Math.floor(key.length / 3)) });
  const all = `Known keys: ${known.join(', ')}.`;
  return near === undefined ? all : `Did you mean ${JSON.stringify(near)}? ${all}`;
}

function isValid({ type, choices, pattern }: RecipeKey, value: unknown): boolean {
  const isText = (text: unknown) =>
    typeof text === 'string' && (choices?.includes(text) ?? true) && (pattern?.matches.test(text) ?? true);
  const isList = Array.isArray(value) && value.every(isText);
  if (type === 'object' || type === 'objects') return false; // checked by its members
  if (type === 'switch') return typeof value === 'boolean';
  if (type === 'number') return Number.isSafeInteger(value);
  if (type === 'text' || type === 'path') return isText(value);
  return isList || (type === 'lines' && isText(value));
}

function hasNul(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasNul);
  return typeof value === 'string' && value.includes('\0');
}

/** Whether only the brackets of a list are missing. */
function isListed(row: RecipeKey, value: unknown): boolean {
  if (row.type === 'objects') return isObject(value);
  return (row.type === 'list' || row.type === 'paths') && isValid(row, [value]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expected({ type, choices, pattern, members }: RecipeKey): string {
  const isList = type === 'list' || type === 'paths';
  if (choices) return `${isList ? 'a list of' : 'one of'} ${choices.join(', ')}`;
  if (pattern) return isList ? `a list of ${pattern.example}` : pattern.example;
  const names = Object.keys(members ?? {}).join(', ');
  return {
    text: 'a string',
    lines: 'a string or a list of strings',
    number: 'a whole number',
    list: 'a list of strings',
    path: 'a path',
    paths: 'a list of paths',
    switch: 'true or false',
    object: `an object with any of ${names}`,
    objects: `a list of objects with ${names}`,
  }[type];
}
