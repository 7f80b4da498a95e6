import { type Command, InvalidArgumentError, Option } from 'commander';
import { markRepeatable, markSeldom, putUnder } from './help.ts';

/**
 * An option of a command, as the command line, `flix.json`, its JSON schema and the reference describe it. Its key in
 * the table is its name in `flix.json` and commander's name for the flag: `bindRo` for `--bind-ro`.
 */
export interface OptionRow {
  /** In commander's notation: `-o, --output <file>`. */
  readonly flags: string;
  /** A `path` in `flix.json` is relative to that file; a `list` or `paths` may be repeated on the command line. */
  readonly type: 'text' | 'path' | 'list' | 'paths' | 'switch';
  /** Each value, or each item of a list, has to be one of these. */
  readonly choices?: readonly string[];
  readonly help: string;
  /** Shows the option only with `--help=all`. */
  readonly seldom?: true;
  /** Describes the `--no-…` form of an option that has both forms. */
  readonly negated?: string;
  /** The value that the option has if none follows it. */
  readonly preset?: string;
  /** The value where neither the command line nor `flix.json` gives one. */
  readonly default?: string | boolean | readonly [];
}

export type OptionTable = Readonly<Record<string, OptionRow>>;

type ValueOf<R extends OptionRow> = R['type'] extends 'switch'
  ? boolean
  : R['type'] extends 'list' | 'paths'
    ? readonly Text<R>[]
    : Text<R>;
type Text<R extends OptionRow> = R extends { readonly choices: readonly (infer Choice)[] } ? Choice : string;
type WithDefault<T extends OptionTable> = {
  [K in keyof T]: T[K] extends { readonly default: unknown } ? K : never;
}[keyof T];

/** The values of the options of a table. An option without a default may be absent. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in WithDefault<T>]: ValueOf<T[K]>;
} & {
  readonly [K in Exclude<keyof T, WithDefault<T>>]?: ValueOf<T[K]>;
};

/** The contents of `flix.json`, checked by `readRecipe`. */
export type Recipe = Readonly<Record<string, unknown>>;

/** @param heading of these options in the help */
export function addOptions(command: Command, table: OptionTable, heading?: string): Command {
  const add = (option: Option) => {
    command.addOption(option);
    if (heading !== undefined) putUnder(heading, option);
  };
  for (const row of Object.values(table)) {
    const option = optionOf(row);
    add(option);
    if (row.seldom) markSeldom(option);
    if (row.negated !== undefined) add(new Option(row.flags.replace(/^--(\S+).*/, '--no-$1'), row.negated));
  }
  return command;
}

/** Adds each table under its heading. */
export function addGroups(command: Command, tables: Readonly<Record<string, OptionTable>>): Command {
  for (const [heading, table] of Object.entries(tables)) addOptions(command, table, heading);
  return command;
}

function optionOf({ flags, type, choices, preset, help, default: fallback }: OptionRow): Option {
  const repeatable = type === 'list' || type === 'paths';
  const option = new Option(flags, help);
  if (repeatable) markRepeatable(option);
  if (choices) option.choices(choices);
  if (preset !== undefined) option.preset(preset);
  if (repeatable)
    option.argParser((value: string, previous: readonly string[] | undefined) => {
      if (choices && !choices.includes(value))
        throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
      return [...(previous ?? []), value];
    });
  return typeof fallback === 'string' ? option.default(fallback) : option;
}

/** Returns where an option is set; `undefined` if it has its default. */
export function whereGiven(command: Command, recipe: Recipe, key: string): 'cli' | 'recipe' | undefined {
  if (command.getOptionValueSource(key) === 'cli') return 'cli';
  return Object.hasOwn(recipe, key) ? 'recipe' : undefined;
}

/** Returns the value of each option: from the command line, else from the recipe, else the default. */
export function optionValues<T extends OptionTable>(
  command: Command,
  table: T,
  recipe: Recipe = {},
): OptionValues<T> {
  const values = Object.entries(table).flatMap(([key, row]) => {
    const where = whereGiven(command, recipe, key);
    const value: unknown =
      where === 'cli' ? command.getOptionValue(key) : where === 'recipe' ? recipe[key] : row.default;
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(values) as OptionValues<T>;
}
