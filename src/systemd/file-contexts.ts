import { RE2JS } from 're2js';
import { FlixError } from '../errors.ts';
import { within } from '../view/path.ts';

export type LabelledKind = 'file' | 'directory' | 'link';

/** Returns the SELinux label of a path; `undefined`: the policy assigns none. */
export type LabelOf = (path: string, kind: LabelledKind) => string | undefined;

/** A line of a `file_contexts`. */
interface FileContext {
  /** What every path begins with that matches, because most lines can be ruled out by it. */
  readonly prefix: string;
  readonly matches: (path: string) => boolean;
  /** `undefined`: every kind. */
  readonly kind: LabelledKind | 'other' | undefined;
  /** `undefined`: `<<none>>`. */
  readonly label: string | undefined;
  /** It has no wildcards, so it takes precedence over those that do. */
  readonly exact: boolean;
}

const KINDS: Readonly<Record<string, FileContext['kind']>> = {
  '--': 'file',
  '-d': 'directory',
  '-l': 'link',
  '-b': 'other',
  '-c': 'other',
  '-p': 'other',
  '-s': 'other',
};

/**
 * Reads a `file_contexts` as libselinux does (src/label_file.c, lookup_all): the last matching specification without
 * wildcards decides, otherwise the last matching one.
 *
 * @param texts the policy's file, `.homedirs` and `.local`, in this order
 * @param substitutions `.subs` and `.subs_dist`, applied in turn: a path below the first word of a line is looked up
 *   below the second word
 */
export function readFileContexts(texts: readonly string[], substitutions: readonly string[] = []): LabelOf {
  const specs = texts.flatMap(text => text.split('\n').flatMap(line => parseLine(line)));
  // the first match counts, so the order is reversed; sorting is stable
  const ordered = [...specs.filter(({ exact }) => !exact), ...specs.filter(({ exact }) => exact)].reverse();
  const tables = substitutions.map(text => text.split('\n').flatMap(line => parseSubstitution(line)));
  return (path, kind) => {
    const real = tables.reduce(substitute, path);
    return ordered.find(
      spec =>
        (spec.kind === undefined || spec.kind === kind) && real.startsWith(spec.prefix) && spec.matches(real),
    )?.label;
  };
}

function parseLine(line: string): FileContext[] {
  const [pattern, second, third, ...more] = line.trim().split(/\s+/);
  if (!pattern || pattern.startsWith('#') || second === undefined) return [];
  const context = third ?? second;
  if (more.length > 0 || (third !== undefined && !Object.hasOwn(KINDS, second))) throw malformed(line);
  try {
    RegExp(fromPcre(pattern), 's');
  } catch {
    throw malformed(line);
  }
  return [
    {
      matches: matcher(fromPcre(pattern), line),
      prefix: literalPrefix(pattern),
      kind: third === undefined ? undefined : KINDS[second],
      label: context === '<<none>>' ? undefined : context,
      exact: !/(?<!\\)(?:\\\\)*[.^$?*+|[({]/.test(pattern),
    },
  ];
}

/**
 * Returns a function that tells whether a whole path matches. A policy comes from a root, so its patterns must not
 * backtrack: RE2 needs linear time for any of them. Compiles the pattern only when it is needed, because a policy has
 * thousands. RE2 has no lookaround, which no known policy uses.
 */
function matcher(pattern: string, line: string): (path: string) => boolean {
  let compiled: RE2JS | undefined;
  return path => {
    try {
      compiled ??= RE2JS.compile(pattern, RE2JS.DOTALL);
    } catch {
      throw malformed(line);
    }
    return compiled.matches(path);
  };
}

/** Returns the literal text at the beginning of a pattern, which may be shorter than it could be. */
function literalPrefix(pattern: string): string {
  if (pattern.includes('|')) return '';
  const [literal] = /^[^.^$?*+|[\](){}\\]*/.exec(pattern)!;
  return /^[?*{]/.test(pattern.slice(literal.length)) ? literal.slice(0, -1) : literal;
}

/** Translates a pattern: of the PCRE syntax that policies use, RE2 lacks only `[:digit:]` and its like outside of a class. */
function fromPcre(pattern: string): string {
  return pattern
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alpha:]', 'A-Za-z')
    .replaceAll('[:alnum:]', '0-9A-Za-z')
    .replaceAll('[:space:]', String.raw`\s`);
}

/** Paths below `from` are looked up below `to`. */
type Substitution = readonly [from: string, to: string];

function parseSubstitution(line: string): Substitution[] {
  const [from, to] = line.trim().split(/\s+/);
  return from && to && !from.startsWith('#') ? [[from, to]] : [];
}

/** Applies the substitution with the longest matching path, once (selabel_sub). */
function substitute(path: string, table: readonly Substitution[]): string {
  const found = table.filter(([from]) => within(from, path)).sort(([a], [b]) => b.length - a.length)[0];
  return found ? found[1] + path.slice(found[0].length) : path;
}

function malformed(line: string): FlixError {
  return new FlixError(
    'input',
    'bad-file-contexts',
    `malformed line in the file contexts: ${line.trim()}`,
    'Give the file_contexts of the target’s policy, or the root of the target, with --file-contexts.',
  );
}

/**
 * Writes a `file_contexts` that assigns each path its label, for a tool that looks labels up by itself. It contains no
 * wildcards, so every specification applies to one path.
 */
export function writeFileContexts(
  entries: Iterable<{
    readonly path: string;
    readonly kind: LabelledKind;
    readonly label: string | undefined;
  }>,
): string {
  const flags = { file: '--', directory: '-d', link: '-l' } as const;
  const lines = [...entries].map(({ path, kind, label }) => {
    // white space would end the pattern
    const pattern = path.replace(/[.^$?*+|[\](){}\\]/g, String.raw`\$&`).replace(/\s/g, '[[:space:]]');
    return `${pattern} ${flags[kind]} ${label ?? '<<none>>'}\n`;
  });
  return lines.join('');
}
