import type { Allowance } from '../audit/policy.ts';
import { formats } from '../pack/format.ts';
import {
  distributionOptions,
  failOnOption,
  feedOptions,
  recipeOptions,
  viewOptions,
} from './option-table.ts';
import type { OptionRow } from './options.ts';

/** A key of `flix.json`, or a member of an object in it. */
export interface RecipeKey {
  /** `lines`: a string, or a list of strings that are its lines. */
  readonly type: OptionRow['type'] | 'lines' | 'number' | 'object' | 'objects';
  readonly choices?: readonly string[] | undefined;
  readonly help: string;
  /** Whether its object must have this member. */
  readonly required?: boolean;
  /** A pattern for each string, and a text for messages. */
  readonly pattern?: { readonly matches: RegExp; readonly example: string };
  /** The members of an object, or of each object of a list. */
  readonly members?: RecipeKeys;
}

export type RecipeKeys = Readonly<Record<string, RecipeKey>>;

/** A smoke test of a recipe. */
export interface SmokeTest {
  readonly run: string | readonly string[];
  readonly user?: readonly string[];
  readonly status?: number;
  readonly prints?: string;
}

const allowanceMembers: { readonly [M in keyof Allowance]-?: RecipeKey } = {
  finding: {
    type: 'text',
    help: 'glob of finding kinds, such as shadowing/*',
    required: true,
    pattern: { matches: /\S/, example: 'a glob such as shadowing/*' },
  },
  path: { type: 'text', help: 'glob of the file in which the finding shows, or of its culprit' },
  extension: { type: 'text', help: 'glob of extension names' },
  reason: {
    type: 'text',
    help: 'why the finding is acceptable',
    required: true,
    pattern: { matches: /\S/, example: 'a sentence' },
  },
  until: {
    type: 'text',
    help: 'the last day on which it is accepted, as 2027-03-31',
    required: true,
    pattern: { matches: /^\d{4}-\d\d-\d\d$/, example: 'a day such as 2027-03-31' },
  },
};

const testMembers: { readonly [M in keyof SmokeTest]-?: RecipeKey } = {
  run: {
    type: 'lines',
    help: 'a script that the shell of the host runs (sh -e), as one string or as a list of lines',
    required: true,
  },
  user: {
    type: 'list',
    help: 'the users that run it, one after the other: root or numbers (default: root and 1000)',
    pattern: { matches: /^(?:root|[1-9]\d{0,8})$/, example: '"root" or a number such as "1000"' },
  },
  status: { type: 'number', help: 'the exit status to expect (default: 0)' },
  prints: { type: 'text', help: 'a regular expression that the output must match' },
};

/** Returns the help of an option without the heading under which the command line shows it. */
function fullHelp(key: string, { help, negated }: OptionRow): string {
  const text = negated === undefined ? help : `true: ${help}; false: ${negated}`;
  return Object.hasOwn(viewOptions, key) ? `flatwrap: ${text}` : text;
}

function keysOf(table: Readonly<Record<string, OptionRow>>): RecipeKeys {
  return Object.fromEntries(
    Object.entries(table).map(([key, row]) => [
      key,
      { type: row.type, choices: row.choices, help: fullHelp(key, row) },
    ]),
  );
}

/** The keys that `flix build` reads beside those of `flix vendor`. */
const buildKeys: RecipeKeys = {
  stage: {
    type: 'object',
    help: 'options of flix stage for a root that is a source',
    members: keysOf(distributionOptions),
  },
  architectures: {
    type: 'list',
    help: 'build: make the extension for each of these (default: arch, else that of this machine)',
  },
  formats: {
    type: 'list',
    choices: formats,
    help: 'build: make an image in each of these (default: format)',
  },
  hosts: {
    type: 'paths',
    help: 'build: audit and test over each of these roots, images, profiles and sources; a distribution is staged with its essential packages and systemd',
  },
  tests: {
    type: 'objects',
    help: 'build: smoke tests, which run over each host that is not a profile',
    members: testMembers,
  },
  ...keysOf(failOnOption),
  ...keysOf(feedOptions),
};

/** The keys of `flix.json`: arguments and options of `flix vendor`, what `flix audit` accepts, and what `flix build` does. */
export const recipeKeys: RecipeKeys = {
  ...keysOf(recipeOptions),
  ...buildKeys,
  allow: {
    type: 'objects',
    help: 'findings that flix audit accepts, each with a reason and a last day',
    members: allowanceMembers,
  },
};
