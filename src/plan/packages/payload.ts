import type { Database, Package } from '../../packages/package.ts';
import type { Kind, View } from '../../view/view.ts';
import { parent, within } from '../../view/path.ts';
import type { Extra } from './choices.ts';
import { resolveParent } from '../../view/follow.ts';
import { targetOf } from '../target.ts';

/** A file, link or directory of a package. */
export interface PackagePath {
  /** Only its last component may be a link. */
  readonly path: string;
  readonly kind: Kind;
  readonly is: 'program' | 'library' | 'resource' | 'state';
}

/** The paths of a package, as far as the root has them. */
export interface Payload {
  readonly paths: readonly PackagePath[];
  /** Listed, but not in the root. */
  readonly absent: readonly string[];
  /** Outside of what an extension or systemd-tmpfiles can bring. */
  readonly outside: readonly string[];
}

/** Sorts the paths of a package, without directories of /usr, /opt and /etc that contain others. @param wanted the extras to bring */
export function payloadOf(view: View, known: Database, owner: Package, wanted: ReadonlySet<Extra>): Payload {
  const paths = new Map<string, PackagePath>();
  const absent: string[] = [];
  const outside: string[] = [];
  const all = known.filesOf(owner);
  const parents = new Set<string>();
  for (const listed of all)
    for (let at = parent(listed); at !== '/' && !parents.has(at); at = parent(at)) parents.add(at);
  for (const listed of all) {
    const extra = extraOf(listed);
    if ((extra !== undefined && !wanted.has(extra)) || SERVED.test(listed)) continue;
    const path = resolveParent(view, listed);
    const kind = view.kind(path);
    // /lib is a directory in many packages, and a link in the root, which the base system may list
    if (kind === 'link' && (parents.has(listed) || parent(path) === '/')) continue;
    const is = useOf(path, kind);
    if (kind === undefined) absent.push(listed);
    else if (kind === 'directory' && parents.has(listed) && !(is === 'state' && isOwned(view, path)))
      continue;
    else if (is !== undefined) paths.set(path, { path, kind, is });
    else if (kind !== 'directory') outside.push(path);
  }
  return {
    paths: [...paths.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    absent,
    outside,
  };
}

/** A path in a directory where people and the shell look for programs. */
const PROGRAM = /^\/(?:usr\/|usr\/(?:local|lib|libexec)\/(?:.*\/)?|opt\/(?:.*\/)?)?(?:s?bin|games)\/[^/]+$/;

/** Whether a path is in a directory where people and the shell look for programs, such as /usr/lib/postgresql/16/bin. */
export function isInProgramDirectory(path: string): boolean {
  return PROGRAM.test(path);
}

const STATE = ['/etc', '/var', '/run'];
/** The directories that loaders search, and the host’s programs with them. */
const LIBRARIES = /^\/usr\/(?:local\/)?lib(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?$/;
const SONAME = /\.so(?:\.[^/]*)?$/;

function useOf(path: string, kind: Kind | undefined): PackagePath['is'] | undefined {
  const target = targetOf(path);
  if (target === undefined) return STATE.some(place => within(place, path)) ? 'state' : undefined;
  if (kind !== 'directory' && isInProgramDirectory(path)) return 'program';
  return LIBRARIES.test(parent(target)) && SONAME.test(path) ? 'library' : 'resource';
}

/** Whether the mode and owner of a directory count although it contains files. */
function isOwned(view: View, path: string): boolean {
  if (/^\/(?:var|run)\//.test(path)) return true;
  const { uid, gid } = view.stat(path);
  return uid !== 0 || gid !== 0;
}

/** Scripts of an init system that no host with system extensions uses. */
const SERVED = /^\/etc\/(?:init\.d|init|rc[0-6S]\.d|runit|sv)(?:\/|$)/;

const EXTRAS: readonly (readonly [Extra, RegExp])[] = [
  ['man', /^\/usr\/(?:local\/)?(?:share\/)?man\//],
  [
    'docs',
    /^\/usr\/(?:local\/)?share\/(?:doc|doc-base|info|gtk-doc|help|lintian|bug|reportbug|apport|licenses)(?:\/|$)/,
  ],
  ['locales', /^\/usr\/(?:local\/)?share\/locale(?:-langpack)?\//],
  [
    'headers',
    /^\/usr\/(?:local\/)?(?:include(?:\/|$)|share\/(?:pkgconfig|aclocal|vala)\/|lib\/[^?]*\.l?a$|lib\/(?:[^/]+\/)?(?:pkgconfig|cmake)\/)/,
  ],
];

function extraOf(path: string): Extra | undefined {
  return EXTRAS.find(([, pattern]) => pattern.test(path))?.[0];
}
