import { dirname, resolve } from 'node:path';
import type { Allowance } from '../audit/policy.ts';
import { FlixError } from '../errors.ts';
import { readOptionalText } from '../io/read-text.ts';
import { sourceIn } from '../stage/source.ts';
import { recipeOptions, viewOptions } from './option-table.ts';
import type { OptionRow, Recipe } from './options.ts';

interface RecipeKey {
  readonly type: OptionRow['type'] | 'allowances';
  readonly choices?: readonly string[];
  readonly help: string;
}

/** The keys of `flix.json`: the arguments and options of `flix vendor`, and what `flix audit` accepts. */
export const recipeKeys: Readonly<Record<string, RecipeKey>> = {
  ...Object.fromEntries(
    Object.entries<OptionRow>(recipeOptions).map(([key, row]) => [key, { ...row, help: fullHelp(key, row) }]),
  ),
  allow: { type: 'allowances', help: 'findings that flix audit accepts, each with a reason and a last day' },
};

/** Returns the help of an option without the heading under which the command line shows it. */
function fullHelp(key: string, { help, negated }: OptionRow): string {
  const text = negated === undefined ? help : `true: ${help}; false: ${negated}`;
  return Object.hasOwn(viewOptions, key) ? `flatwrap: ${text}` : text;
}

/** An entry of `allow`. */
export const allowanceMembers: {
  readonly [M in keyof Allowance]-?: { readonly help: string; readonly required: boolean };
} = {
  finding: { help: 'glob of finding kinds, such as shadowing/*', required: true },
  path: { help: 'glob of the file in which the finding shows, or of its culprit', required: false },
  extension: { help: 'glob of extension names', required: false },
  reason: { help: 'why the finding is acceptable', required: true },
  until: { help: 'the last day on which it is accepted, as 2027-03-31', required: true },
};

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
      'Name a file in the format of flix.json.',
    );
  }
  return Object.fromEntries(
    Object.entries(parse(file, text))
      .filter(([key]) => key !== '$schema')
      .map(([key, value]) => [key, valueOf(file, key, value)]),
  );
}

function parse(file: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw new SyntaxError('the document is not an object');
  } catch (error) {
    throw new FlixError('input', 'bad-recipe', `${file}: ${(error as Error).message}`);
  }
}

function valueOf(file: string, key: string, value: unknown): unknown {
  const row = Object.hasOwn(recipeKeys, key) ? recipeKeys[key] : undefined;
  if (!row)
    throw new FlixError('input', 'bad-recipe', `${file}: unknown key ${JSON.stringify(key)}`, keyFix(key));
  if (!isValid(row, value))
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: ${key} must be ${expected(row)}, but is ${JSON.stringify(value)}`,
      isListed(row, value) ? `Write [${JSON.stringify(value)}].` : undefined,
    );
  const here = (path: string) => sourceIn(path, dirname(file)) ?? resolve(dirname(file), path);
  if (row.type === 'path') return here(value as string);
  return row.type === 'paths' ? (value as string[]).map(here) : value;
}

function keyFix(key: string): string {
  const camel = key.replace(/^-+/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(recipeKeys, camel)
    ? `Write it as ${JSON.stringify(camel)}.`
    : `Known keys: ${Object.keys(recipeKeys).join(', ')}.`;
}

function isValid({ type, choices }: RecipeKey, value: unknown): boolean {
  const isText = (text: unknown) => typeof text === 'string' && (choices?.includes(text) ?? true);
  if (type === 'switch') return typeof value === 'boolean';
  if (type === 'text' || type === 'path') return isText(value);
  return Array.isArray(value) && value.every(type === 'allowances' ? isAllowance : isText);
}

/** Whether only the brackets of a list are missing. */
function isListed(row: RecipeKey, value: unknown): boolean {
  return (row.type === 'list' || row.type === 'paths') && isValid(row, [value]);
}

function isAllowance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { finding, reason, until } = value as Partial<Allowance>;
  return (
    Object.entries(value).every(
      ([key, text]) => Object.hasOwn(allowanceMembers, key) && typeof text === 'string',
    ) &&
    Boolean(finding) &&
    Boolean(reason) &&
    /^\d{4}-\d\d-\d\d$/.test(until ?? '')
  );
}

function expected({ type, choices }: RecipeKey): string {
  if (choices) return `${type === 'list' ? 'a list of' : 'one of'} ${choices.join(', ')}`;
  return {
    text: 'a string',
    list: 'a list of strings',
    path: 'a path',
    paths: 'a list of paths',
    switch: 'true or false',
    allowances:
      'a list of objects with the strings "finding", "reason" and "until" (a day such as 2027-03-31), and optionally "path" and "extension"',
  }[type];
}
