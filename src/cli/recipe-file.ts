import { dirname, resolve } from 'node:path';
import type { Allowance } from '../audit/policy.ts';
import { FlixError } from '../errors.ts';
import { readOptionalText } from '../io/read-text.ts';
import { compressions, formats } from '../pack/format.ts';

/** `directory`: of this machine, relative to the file. `list`: of texts. */
type Type =
  | 'text'
  | 'list'
  | 'directory'
  | 'directories'
  | 'flag'
  | 'allowances'
  | { readonly oneOf: readonly string[] };

interface Key {
  readonly type: Type;
  readonly about: string;
}

/** What `flix.json` may hold; the names are those of the command line's options. */
export const recipeKeys: Readonly<Record<string, Key>> = {
  root: { type: 'directory', about: 'a whole root or a DESTDIR tree' },
  paths: { type: 'list', about: 'PATH or PATH:TARGET inside the root' },
  name: { type: 'text', about: 'of the extension' },
  out: { type: 'directory', about: 'where the tree goes' },
  staging: { type: 'directories', about: 'where missing files come from, in order' },
  prefix: { type: 'text', about: 'the private directory' },
  include: { type: 'list', about: 'files, directories and globs to bring also' },
  excludeLib: { type: 'list', about: 'GLOB=REASON, each' },
  dlopen: { type: 'list', about: 'libraries that are opened by name at run time' },
  seal: { type: { oneOf: ['auto', 'none'] }, about: 'none: run paths only' },
  hwcaps: { type: 'text', about: 'a processor level' },
  strict: { type: 'flag', about: 'what only a plugin lacks is an error too' },
  mode: { type: { oneOf: ['flix', 'flatwrap'] }, about: 'flatwrap: run unedited, in a view of the root' },
  trim: { type: 'flag', about: 'flatwrap: only what was named and its closure; false: the whole root' },
  etc: { type: { oneOf: ['host', 'staged'] }, about: 'flatwrap: whose /etc the programs see' },
  var: { type: { oneOf: ['host', 'staged'] }, about: 'flatwrap: whose /var the programs see' },
  home: { type: { oneOf: ['host', 'staged'] }, about: 'flatwrap: whose /home the programs see' },
  bind: { type: 'list', about: 'flatwrap: HOST:INSIDE, each' },
  bindRo: { type: 'list', about: 'flatwrap: HOST:INSIDE, each, read-only' },
  runner: { type: { oneOf: ['auto', 'unshare', 'bwrap'] }, about: 'flatwrap: what makes the view' },
  pack: { type: 'flag', about: 'make the image too' },
  format: { type: { oneOf: formats }, about: 'of the image' },
  compress: { type: { oneOf: compressions }, about: 'how hard to try' },
  kernel: { type: 'text', about: 'the oldest Linux that has to read the image' },
  version: { type: 'text', about: 'of the image' },
  arch: { type: 'text', about: 'of the programs: x86-64, arm64' },
  verity: { type: 'flag', about: 'a hash tree for an image that is no DDI' },
  sign: { type: 'flag', about: 'make no image without a signature' },
  key: { type: 'text', about: 'signs the root hash' },
  certificate: { type: 'directory', about: 'of that key' },
  keySource: { type: 'text', about: 'provider:NAME or engine:NAME of the key' },
  seed: { type: 'text', about: 'a UUID from which the others are derived' },
  osId: { type: 'text', about: 'ID= of the hosts that the extension fits' },
  osVersionId: { type: 'text', about: 'and their VERSION_ID=' },
  sysextLevel: { type: 'text', about: 'and their SYSEXT_LEVEL=' },
  scope: { type: 'list', about: 'where it may be merged: system, initrd, portable' },
  reloadManager: { type: 'flag', about: 'systemd reads unit files again once it is merged' },
  anyName: { type: 'flag', about: 'the extension counts whatever the image is called' },
  fileContexts: { type: 'directory', about: 'SELinux labels of the target: its file_contexts, or its root' },
  output: { type: 'directory', about: 'the image' },
  allow: { type: 'allowances', about: 'audit: findings that may be, for a reason and until a day' },
};

/** The recipe in a directory; empty if there is none. Throws `FlixError` naming the key that is wrong. */
export function readRecipe(file: string): Readonly<Record<string, unknown>> {
  const text = readOptionalText(file);
  if (text === undefined) return {};
  const recipe = parse(file, text);
  return Object.fromEntries(
    Object.entries(recipe)
      .filter(([key]) => key !== '$schema')
      .map(([key, value]) => [key, valueOf(file, key, value)]),
  );
}

function parse(file: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw new SyntaxError('it is no object');
  } catch (error) {
    throw new FlixError('input', 'bad-recipe', `${file}: ${(error as Error).message}`);
  }
}

function valueOf(file: string, key: string, value: unknown): unknown {
  const known = Object.hasOwn(recipeKeys, key) ? recipeKeys[key] : undefined;
  if (!known)
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file}: unknown key ${JSON.stringify(key)}`,
      `Known: ${Object.keys(recipeKeys).join(', ')}.`,
    );
  const { type } = known;
  const here = (path: string) => resolve(dirname(file), path);
  const texts = Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined;
  if (type === 'flag' && typeof value === 'boolean') return value;
  if (type === 'text' && typeof value === 'string') return value;
  if (type === 'directory' && typeof value === 'string') return here(value);
  if (type === 'list' && texts) return texts;
  if (type === 'directories' && texts) return texts.map(here);
  if (type === 'allowances' && Array.isArray(value) && value.every(isAllowance)) return value;
  if (typeof type === 'object' && typeof value === 'string' && type.oneOf.includes(value)) return value;
  throw new FlixError(
    'input',
    'bad-recipe',
    `${file}: ${key} is ${JSON.stringify(value)} and should be ${expected(type)}`,
  );
}

const ALLOWANCE = new Set(['finding', 'path', 'extension', 'reason', 'until']);

function isAllowance(value: unknown): value is Allowance {
  if (typeof value !== 'object' || value === null) return false;
  const { finding, reason, until } = value as Partial<Allowance>;
  return (
    Object.entries(value).every(([key, text]) => ALLOWANCE.has(key) && typeof text === 'string') &&
    Boolean(finding) &&
    Boolean(reason) &&
    /^\d{4}-\d\d-\d\d$/.test(until ?? '')
  );
}

function expected(type: Type): string {
  if (typeof type === 'object') return `one of ${type.oneOf.join(', ')}`;
  return {
    text: 'a text',
    list: 'a list of texts',
    directory: 'a path',
    directories: 'a list of paths',
    flag: 'true or false',
    allowances:
      'a list of {"finding", "reason", "until"} with texts, until as 2027-03-31; "path", "extension" if wanted',
  }[type];
}
