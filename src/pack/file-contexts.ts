import { FlixError } from '../errors.ts';
import { within } from '../view/path.ts';

export type LabelledKind = 'file' | 'directory' | 'link';

/** Gives the SELinux label of a path; `undefined`: the policy gives it none. */
export type LabelOf = (path: string, kind: LabelledKind) => string | undefined;

interface Spec {
  readonly matches: RegExp;
  /** `undefined`: of every kind. */
  readonly kind: LabelledKind | 'other' | undefined;
  /** `<<none>>` is `undefined`. */
  readonly label: string | undefined;
  /** A specification without wildcards goes before every other. */
  readonly exact: boolean;
}

const KINDS: Readonly<Record<string, Spec['kind']>> = {
  '--': 'file',
  '-d': 'directory',
  '-l': 'link',
  '-b': 'other',
  '-c': 'other',
  '-p': 'other',
  '-s': 'other',
};

/**
 * Reads a `file_contexts` as libselinux does (src/label_file.c, lookup_all): of the specifications that match, the
 * last one without wildcards decides, else the last one.
 *
 * @param texts the policy's file and its companions (`.homedirs`, `.local`), in this order
 * @param substitutions `.subs` and `.subs_dist`, applied one after the other: a path below the first word of a line
 *   is looked up below the second
 */
export function readFileContexts(texts: readonly string[], substitutions: readonly string[] = []): LabelOf {
  const specs = texts.flatMap(text => text.split('\n').flatMap(line => parseLine(line)));
  // stable, and looked through from the end
  const ordered = [...specs.filter(({ exact }) => !exact), ...specs.filter(({ exact }) => exact)].reverse();
  const aliases = substitutions.map(text => text.split('\n').flatMap(line => parseAlias(line)));
  return (path, kind) => {
    const real = aliases.reduce(substitute, path);
    return ordered.find(spec => (spec.kind === undefined || spec.kind === kind) && spec.matches.test(real))
      ?.label;
  };
}

function parseLine(line: string): Spec[] {
  const [pattern, second, third, ...more] = line.trim().split(/\s+/);
  if (!pattern || pattern.startsWith('#') || second === undefined) return [];
  const context = third ?? second;
  if (more.length > 0 || (third !== undefined && !Object.hasOwn(KINDS, second))) throw malformed(line);
  let matches: RegExp;
  try {
    matches = new RegExp(`^(?:${fromPcre(pattern)})$`, 's');
  } catch {
    throw malformed(line);
  }
  return [
    {
      matches,
      kind: third === undefined ? undefined : KINDS[second],
      label: context === '<<none>>' ? undefined : context,
      exact: !/(?<!\\)(?:\\\\)*[.^$?*+|[({]/.test(pattern),
    },
  ];
}

/** What policies use of PCRE is what JavaScript knows, but for the classes of POSIX. */
function fromPcre(pattern: string): string {
  return pattern
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alpha:]', 'A-Za-z')
    .replaceAll('[:alnum:]', '0-9A-Za-z')
    .replaceAll('[:space:]', String.raw`\s`);
}

type Alias = readonly [from: string, to: string];

function parseAlias(line: string): Alias[] {
  const [from, to] = line.trim().split(/\s+/);
  return from && to && !from.startsWith('#') ? [[from, to]] : [];
}

/** The longest that fits, once (selabel_sub). */
function substitute(path: string, aliases: readonly Alias[]): string {
  const found = aliases.filter(([from]) => within(from, path)).sort(([a], [b]) => b.length - a.length)[0];
  return found ? found[1] + path.slice(found[0].length) : path;
}

function malformed(line: string): FlixError {
  return new FlixError(
    'input',
    'bad-file-contexts',
    `a line of the file contexts cannot be read: ${line.trim()}`,
    'name a file_contexts of the target’s policy, or the root of the target',
  );
}

/**
 * A `file_contexts` that gives each path its own label, for a tool that looks labels up itself: by its rules, a
 * specification without wildcards goes before all others.
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
    // a blank would end the pattern
    const pattern = path.replace(/[.^$?*+|[\](){}\\]/g, String.raw`\$&`).replace(/\s/g, '[[:space:]]');
    return `${pattern} ${flags[kind]} ${label ?? '<<none>>'}\n`;
  });
  return lines.join('');
}
