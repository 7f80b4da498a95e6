import { resolve as resolvePath } from 'node:path';
import { FlixError } from '../errors.ts';
import { compileGlob } from '../glob.ts';
import { checkImageName } from '../systemd/image-name.ts';
import { clearedEarlier, originalTree } from '../plan/earlier.ts';
import { followNamed } from '../plan/source.ts';
import type { Excluded, PathRequest, PlanRequest, WrapChoices } from '../plan/request.ts';
import { directoryView } from '../view/directory.ts';
import { expandGlob } from '../view/glob.ts';
import { layeredView } from '../view/layers.ts';
import { readOsRelease, rootLabel } from '../view/os-release.ts';
import { namedTarget } from '../plan/target.ts';
import { basename, join, normalise, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { hwcapsLevel } from '../resolve/hwcaps.ts';
import { chooseName } from './name.ts';
import { wrapChoices, type WrapOptions } from './wrap-choices.ts';
import { checkOutput, skipOutput } from './output.ts';

/** The options of a run, as the user gave them. */
export interface VendorOptions extends WrapOptions {
  readonly name?: string | undefined;
  readonly out?: string | undefined;
  readonly staging: readonly string[];
  readonly prefix?: string | undefined;
  readonly include: readonly string[];
  /** `GLOB=REASON`, each. */
  readonly excludeLib: readonly string[];
  readonly dlopen: readonly string[];
  readonly hwcaps?: string | undefined;
  readonly strict: boolean;
}

/** What is to be planned, and where the result goes. */
export interface VendorRequest {
  readonly plan: PlanRequest;
  /** Flatwrap: the programs are wrapped, not edited. */
  readonly wrap: WrapChoices | undefined;
  /** A directory of this machine, absolute. */
  readonly out: string;
  /** The result takes the place of the DESTDIR tree itself. */
  readonly inPlace: boolean;
  /** How the name was chosen, for the user. */
  readonly nameFrom: string;
  /** Labels of roots for the manifest: nothing of this machine, no two alike. */
  readonly labelOf: (view: View) => string;
}

/** What the tree's own files are said to come from. */
const TREE = 'tree';

/** Reads a command line of `flix vendor`. Throws `FlixError` for what cannot be meant. */
export async function vendorRequest(
  root: string,
  paths: readonly string[],
  options: VendorOptions,
): Promise<VendorRequest> {
  const given = directoryView(root);
  const whole = readOsRelease(given) !== undefined;
  if (whole && paths.length === 0)
    throw new FlixError(
      'input',
      'no-path',
      `${root} is a whole root (it has an os-release): name what to take from it`,
      `flix vendor ${root} /usr/bin/PROGRAM`,
    );
  if (whole && options.staging.length > 0)
    throw new FlixError(
      'input',
      'staging-of-root',
      `${root} is a whole root, and everything is taken from it`,
      '--staging completes a tree of make install DESTDIR=….',
    );
  const wrap = wrapChoices(options, given, whole);
  const present = directoryView(root, { label: root });
  const tree = whole ? undefined : originalTree(present, TREE);
  const staging = whole
    ? [given]
    : (options.staging.length > 0 ? options.staging : ['/']).map(directory => directoryView(directory));
  const requests = paths.map(path => pathRequest(path));
  for (const { source } of requests) followNamed(given, source);
  const { name, from } = chooseName(options.name, given, !whole, requests);
  checkImageName(name);
  const out = resolvePath(notEmpty(options.out ?? (whole ? name : root), '--out'));
  const inPlace = !whole && out === resolvePath(root);
  checkOutput(out, inPlace ? staging : [given, ...staging]);
  const includes = await Promise.all(
    options.include.map(pattern => expandGlob(staging[0]!, absolutePath(pattern, '--include'))),
  );
  const roots = tree ? [tree, ...staging] : staging;
  return {
    out,
    inPlace,
    wrap,
    nameFrom: from,
    labelOf: labels(tree, staging),
    plan: {
      name,
      prefix: privateDirectory(options.prefix, name),
      seal: options.seal,
      tree,
      roots: staging,
      lookups: tree ? staging.map(view => layeredView([tree, view], `${root} over ${view.label}`)) : staging,
      resolveOptions: {
        cache: tree ? 'foresee' : true,
        prefer: tree,
        preloadFile: false,
        hwcaps: hwcapsLevel(options.hwcaps),
      },
      paths: requests,
      earlierRemarks: inPlace ? clearedEarlier(present) : [],
      includes: includes.flat().map(source => ({ source })),
      dlopen: options.dlopen.map(library => notEmpty(library, '--dlopen')),
      excluded: exclusions(options.excludeLib),
      strict: options.strict,
      skip: skipOutput(roots, out, name),
    },
  };
}

/** `PATH` or `PATH:TARGET`: split at the last `:/`. */
function pathRequest(argument: string): PathRequest {
  const colon = argument.lastIndexOf(':/');
  const source = colon > 0 ? argument.slice(0, colon) : argument;
  absolutePath(source, 'the path');
  return colon > 0 ? { source, target: namedPlace(argument.slice(colon + 1), source) } : { source };
}

function absolutePath(path: string, what: string): string {
  if (notEmpty(path, what).startsWith('/')) return path;
  throw new FlixError(
    'input',
    'relative-path',
    `${path} is no absolute path inside the root`,
    `Write it as the target will see it: /usr/bin/${basename(path)}`,
  );
}

function notEmpty(text: string, what: string): string {
  if (text !== '') return text;
  throw new FlixError('input', 'empty', `${what} is empty`, 'An unset variable of a script?');
}

/** What every host has there is a directory, and a file of an extension would stand in for all of it. */
const DIRECTORIES = /^\/usr\/(?:s?bin|lib[^/]*|local|share|include|src|games)$/;

function namedPlace(target: string, source: string): string {
  const place = namedTarget(normalise(target), source);
  if (!target.endsWith('/') && !DIRECTORIES.test(place)) return place;
  throw new FlixError(
    'input',
    'target-is-directory',
    `${target} is a directory of the host: ${source} would stand in its place and hide all of it`,
    `Name the file itself: ${source}:${join(place, basename(normalise(source)))}`,
  );
}

/** `GLOB=REASON`, each; the first glob that matches all of a name gives the reason. */
function exclusions(given: readonly string[]): Excluded {
  const patterns = given.map(text => {
    const equals = text.indexOf('=');
    if (equals <= 0 || equals === text.length - 1)
      throw new FlixError(
        'input',
        'no-reason',
        `--exclude-lib ${text} gives no reason`,
        "For example: --exclude-lib 'libGL*=comes with the driver'",
      );
    return { matches: compileGlob(text.slice(0, equals)), reason: text.slice(equals + 1) };
  });
  return name => patterns.find(({ matches }) => matches(basename(name)))?.reason;
}

function labels(tree: View | undefined, staging: readonly View[]): (view: View) => string {
  const known = new Map<View, string>();
  if (tree) known.set(tree, TREE);
  staging.forEach((view, i) => {
    const label = rootLabel(readOsRelease(view)) ?? `root ${i + 1}`;
    known.set(view, [...known.values()].includes(label) ? `${label} (${i + 1})` : label);
  });
  return view => known.get(view) ?? view.label;
}

/** Where private libraries and the manifest go: `--prefix`, or what the name gives. Throws `FlixError`. */
function privateDirectory(given: string | undefined, name: string): string {
  const prefix = normalise(given ?? `/usr/local/${name}`);
  if (!within('/usr', prefix) && !within('/opt', prefix))
    throw new FlixError(
      'input',
      'prefix-outside',
      `--prefix ${given} is outside /usr and /opt, and a system extension merges nothing else`,
    );
  const depth = prefix.split('/').length - 1;
  if (depth < (within('/opt', prefix) ? 2 : 3))
    throw new FlixError(
      'input',
      'prefix-shared',
      `--prefix ${given} is a directory that the host shares: what lies in it is not private`,
      `Name one of its own: --prefix ${join(prefix, name)}`,
    );
  const odd = /[^!-~]|[:;$"'`\\]/u.exec(prefix)?.[0];
  if (odd !== undefined)
    throw new FlixError(
      'input',
      'prefix-characters',
      `the private directory ${JSON.stringify(prefix)} holds ${JSON.stringify(odd)}, which a loader may take for a separator`,
      `The name may stay if the directory has another: --prefix /usr/local/${name.replace(/[^\w.+-]/g, '-')}`,
    );
  return prefix;
}
