import { resolve } from 'node:path';
import { FlixError } from '../errors.ts';

/** Where a root comes from, as the user names it: `oci:DIRECTORY:TAG`. */
export type Source =
  | { readonly kind: 'debian' | 'ubuntu'; readonly suite: string }
  | { readonly kind: 'alpine'; readonly version: string }
  | {
      readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
      readonly place: string;
      readonly tag: string | undefined;
    }
  /** `-`: standard input. */
  | { readonly kind: 'tar'; readonly place: string };

const KINDS = ['debian', 'ubuntu', 'alpine', 'oci', 'oci-archive', 'docker-archive', 'tar'] as const;

/** The sources, as help and errors list them. */
export const SOURCES =
  'debian:SUITE, ubuntu:SUITE, alpine:VERSION, oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:TAG] or tar:FILE (tar:- for standard input)';

/** Parses a source; `undefined`: the text is not one. Throws `FlixError` if it is incomplete. */
export function readSource(text: string): Source | undefined {
  const colon = text.indexOf(':');
  const kind = KINDS.find(name => name === text.slice(0, colon));
  if (kind === undefined) return undefined;
  const rest = text.slice(colon + 1);
  if (rest === '')
    throw new FlixError(
      'input',
      'bad-source',
      `${text} has nothing after its colon`,
      `A source is ${SOURCES}.`,
    );
  switch (kind) {
    case 'debian':
    case 'ubuntu':
      return { kind, suite: release(text, rest) };
    case 'alpine':
      return { kind, version: release(text, rest) };
    case 'tar':
      return { kind, place: rest };
    default:
      return { kind, ...tagged(rest) };
  }
}

/** Whether a source is a distribution, from which packages are chosen. */
export function isDistribution(source: Source): boolean {
  return !('place' in source);
}

/** Resolves the file or directory of a source against a directory; `undefined`: the text is not a source. */
export function sourceIn(text: string, directory: string): string | undefined {
  const source = readSource(text);
  if (!source || !('place' in source) || source.place === '-') return source && text;
  return `${source.kind}:${resolve(directory, text.slice(source.kind.length + 1))}`;
}

/** Checks the name of a release, which becomes a part of URLs and of apt's configuration. */
function release(text: string, name: string): string {
  if (/^[a-z0-9][a-z0-9.-]*$/.test(name)) return name;
  throw new FlixError(
    'input',
    'bad-source',
    `${text} does not name a release`,
    'For example: debian:bookworm',
  );
}

/** Splits off a tag, which is what follows a colon after the last slash; `NAME:TAG` of docker contains a colon itself. */
function tagged(text: string): { readonly place: string; readonly tag: string | undefined } {
  const slash = /^.*?\.tar(?=:)/s.exec(text)?.[0].length ?? text.lastIndexOf('/') + 1;
  const colon = text.indexOf(':', slash);
  return colon < 0
    ? { place: text, tag: undefined }
    : { place: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** Returns the error for an argument of `--include` that no package can have as its name. */
export function notAPackage(text: string): FlixError {
  return new FlixError(
    'input',
    'usage',
    `--include ${text} is not the name of a package`,
    'Name packages of the distribution, such as --include nginx. Patterns and paths are not accepted.',
  );
}
