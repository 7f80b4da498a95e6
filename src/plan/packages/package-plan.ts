import { someOf } from '../../printable.ts';
import { FlixError } from '../../errors.ts';
import { shellWord } from '../../shell-word.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { isShared, packageOf } from '../../packages/database.ts';
import type { Database, Package } from '../../packages/package.ts';
import { programsInPath } from '../../packages/programs-in-path.ts';
import { interpretersOf } from '../../needs/interpreters.ts';
import { follow, resolveParent } from '../../view/follow.ts';
import { join } from '../../view/path.ts';
import { readText } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import type { PlannedFile } from '../plan.ts';
import { accountsInText, NAMES_ACCOUNTS } from './accounts.ts';
import { activate } from './activation.ts';
import { type Depends, type Extra, extras } from './choices.ts';
import { moduleConfiguration, pamRemark, pamServices } from './pam.ts';
import { type PackagePath, type Payload, payloadOf } from './payload.ts';
import { scriptRemarks } from './scripts.ts';
import { isReadable } from '../source.ts';
import { hostPart, isHostInterpreter, isOfHost, replacesInterpreter } from './host-parts.ts';
import { INSTALLERS, type Selected, selectPackages } from './select.ts';
import { directoriesOf, type StateLine, stateLine, unlisted, withLinkTargets } from './state.ts';

export interface PackageRequest {
  /** The root, with the owners that its files have on a running system. */
  readonly view: View;
  readonly known: Database;
  readonly named: readonly Package[];
  readonly depends: Depends;
  readonly wanted: ReadonlySet<Extra>;
  /** The name of the extension. */
  readonly name: string;
  /** The private directory. */
  readonly prefix: string;
  /** Tells which paths the user leaves out. */
  readonly skip: (path: string) => boolean;
}

export interface BroughtPath extends PackagePath {
  readonly why: string;
  /**
   * How its package was selected. `named`: by the user (the default). `companion`: brought with all of its programs.
   * `dependency`: brought with those of its programs that others start.
   */
  readonly of?: 'named' | 'companion' | 'dependency';
}

/** What packages bring into a tree. */
export interface PackagePlan {
  /** Files, links and empty directories that keep their places below /usr and /opt. */
  readonly paths: readonly BroughtPath[];
  /** Defaults of /etc and /var, and what is written so that they, accounts and services work after a merge. */
  readonly files: readonly PlannedFile[];
  /** Whether systemd has to read its units again after the merge. */
  readonly reload: boolean;
  readonly remarks: readonly Remark[];
}

/** Decides what packages bring. Reads the root only. Throws `FlixError` if they bring nothing. */
export function planPackages(request: PackageRequest): PackagePlan {
  const { view, known, name, prefix, skip, wanted } = request;
  const payloads = new Map<Package, Payload>();
  const payloadOfOwner = (owner: Package) => {
    const payload = payloads.get(owner) ?? payloadOf(view, known, owner, wanted);
    payloads.set(owner, payload);
    return payload;
  };
  const { selected, brings } = selectPackages(view, known, request.named, request.depends, payloadOfOwner);
  const ownState = new Set(
    selected.flatMap(({ owner }) =>
      payloadOfOwner(owner).paths.flatMap(({ path, is }) => (is === 'state' && !skip(path) ? [path] : [])),
    ),
  );
  const interpreters = interpretersNamed(
    view,
    selected.flatMap(from =>
      payloadOfOwner(from.owner).paths.filter(entry => !skip(entry.path) && brings(from, entry)),
    ),
  );
  const paths: BroughtPath[] = [];
  const state: StateLine[] = [];
  const texts: string[] = [];
  const remarks: Remark[] = [];
  const along = new Map<
    string,
    { readonly of: string; readonly because: string; readonly names: string[] }
  >();
  const isListed = (path: string) => packageOf(view, path) !== undefined;
  const addState = (path: string, why: string) => {
    const line = skip(path) ? undefined : stateLine(view, path, why);
    if (line === 'unnamed')
      remarks.push({
        code: 'package-unnamed',
        file: path,
        message: 'left out: no line of tmpfiles.d can name it. Create it on the host if it is needed.',
      });
    else if (line) state.push(line);
  };
  for (const from of selected) {
    const { owner, because } = from;
    const payload = payloadOfOwner(owner);
    const why =
      because === undefined ? `in the package ${owner.name}` : `in the package ${owner.name}, ${because}`;
    const own = payload.paths.filter(
      entry =>
        !skip(entry.path) &&
        (interpreters.has(entry.path) ||
          (brings(from, entry) && (because === undefined || !isHostInterpreter(entry.path)))),
    );
    for (const { path } of because === undefined ? [] : own) {
      const script = isHostInterpreter(path) ? interpreters.get(path) : undefined;
      if (script !== undefined) remarks.push(replacesInterpreter(path, script));
    }
    for (const entry of own) {
      if (entry.is === 'state') {
        addState(entry.path, why);
        if (entry.kind === 'file') texts.push(shortText(view, entry.path));
      } else if (entry.is !== 'library' || isPublic(payload, because))
        paths.push({ ...entry, why, of: roleOf(from) });
      const namesAccounts = NAMES_ACCOUNTS.test(entry.path) || /\/systemd\/system\/[^/]+$/.test(entry.path);
      if (entry.kind === 'file' && namesAccounts) texts.push(shortText(view, entry.path));
    }
    texts.push(...known.scriptsOf(owner).map(({ text }) => text));
    const isShown = own.some(({ is }) => is !== 'library' || isPublic(payload, because));
    if (because !== undefined && isShown) {
      const of = from.of.name;
      const key = `${of}\0${because}`;
      const group = along.get(key);
      if (group) group.names.push(owner.name);
      else along.set(key, { of, because, names: [owner.name] });
    }
    remarks.push(...payloadRemarks(owner, payload, because === undefined));
    const part = because === undefined ? hostPart(owner) : undefined;
    if (part !== undefined) remarks.push({ code: 'package-of-host', file: owner.name, message: part });
    const made = unlisted(view, ownDirectories(view, known, owner), isListed);
    for (const [directory, names] of made) {
      const links = names.filter(at => leadsTo(view, join(directory, at), ownState));
      for (const at of links) addState(join(directory, at), why);
      const left = names.filter(at => !links.includes(at));
      if (left.length > 0) remarks.push(unlistedRemark(directory, left, owner));
    }
  }
  const files = state.flatMap(({ file }) => (file?.content.kind === 'copy' ? [file.content.path] : []));
  const services = pamServices(view, files, skip);
  const policy = new Map(services.flatMap(({ file, includes }) => includes.map(path => [path, file])));
  for (const [path, service] of policy)
    for (const at of withLinkTargets(view, path)) addState(at, `the service ${service} includes it`);
  for (const path of moduleConfiguration(view, [...files, ...policy.keys()]))
    if (!files.includes(path)) addState(path, 'a module of the services reads it');
  for (const { of, because, names } of along.values())
    remarks.push({
      code: 'package-along',
      file: of,
      message: `brings along ${names.sort().join(', ')}, ${because}`,
    });
  const accounts = new Set(texts.flatMap(accountsInText));
  for (const path of directoriesOf(view, accounts, isListed)) addState(path, 'a directory of its account');
  refuseUnreadable(view, [
    ...paths,
    ...state.flatMap(({ file }) => (file?.content.kind === 'copy' ? file.content : [])),
  ]);
  const chosen = alternatives(
    view,
    new Set(paths.filter(({ is }) => is === 'program').map(({ path }) => path)),
  );
  paths.push(...chosen.filter(({ path }) => !skip(path)));
  const activation = activate({ view, name, prefix, paths: paths.map(({ path }) => path), state, texts });
  const owners = selected.map(({ owner }) => owner);
  remarks.push(
    ...leftBehind(request, selected, payloadOfOwner, interpreters),
    ...scriptRemarks(view, known, owners, activation.hasAccounts, new Set(state.map(({ path }) => path))),
    ...activation.remarks,
    ...services.map(pamRemark),
  );
  if (paths.length === 0 && activation.files.length === 0) throw bringsNothing(request);
  return { paths, files: activation.files, reload: activation.reload, remarks };
}

function roleOf({ because, allPrograms }: Selected): NonNullable<BroughtPath['of']> {
  if (because === undefined) return 'named';
  return allPrograms ? 'companion' : 'dependency';
}

/** Returns the interpreters that scripts name, by path, each with the first of these scripts. */
function interpretersNamed(view: View, paths: readonly PackagePath[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { path, kind, is } of paths) {
    if (kind !== 'file' || is === 'state' || (view.stat(path).mode & 0o111) === 0) continue;
    for (const named of interpretersOf(view, path).paths)
      for (const at of [named, resolveParent(view, named), follow(view, named).path])
        if (at !== undefined && !found.has(at)) found.set(at, path);
  }
  return found;
}

/** Throws `FlixError` for files that the user may not read, such as keys; the others are not opened. */
function refuseUnreadable(view: View, files: readonly { readonly path: string }[]): void {
  const unreadable = files.map(({ path }) => path).filter(path => !isReadable(view, path));
  if (unreadable.length === 0) return;
  throw new FlixError(
    'io',
    'unreadable',
    `this user may not read ${someOf(unreadable)}`,
    `Run flix as root, or leave ${unreadable.length > 1 ? 'them' : 'it'} out: ${unreadable.map(path => `--exclude ${shellWord(path)}`).join(' ')}`,
  );
}

function bringsNothing({ named, wanted }: PackageRequest): FlixError {
  const names = named.map(({ name }) => name).join(', ');
  const missing = extras.filter(extra => !wanted.has(extra));
  return new FlixError(
    'input',
    'empty-package',
    `${names} contains nothing that an extension can bring`,
    missing.length > 0
      ? `If it consists of documentation and the like, add --with ${missing.join(',')}.`
      : 'Name a package with files in /usr or /opt.',
  );
}

/**
 * Whether the libraries of a package keep their places, where the programs of the host would find them. The closure
 * brings the libraries that programs of the tree load.
 */
function isPublic({ paths }: Payload, because: string | undefined): boolean {
  return because === undefined && !paths.some(({ is }) => is === 'program');
}

/** In bytes. Longer files are data. */
const MAX_TEXT = 256 * 1024;

function shortText(view: View, path: string): string {
  return view.stat(path).size > MAX_TEXT ? '' : (readText(view, path) ?? '');
}

/** The names that update-alternatives gives to programs: links of no package, which lead there through /etc/alternatives. */
function alternatives(view: View, programs: ReadonlySet<string>): PackagePlan['paths'] {
  return programsInPath(view)
    .filter(({ isAlternative, listed }) => isAlternative && programs.has(listed))
    .map(({ path, listed }) => ({
      path,
      kind: 'link',
      is: 'program',
      why: `the name that update-alternatives gives to ${listed}`,
    }));
}

function payloadRemarks(owner: Package, { paths, absent, outside }: Payload, isNamed: boolean): Remark[] {
  const remarks: Remark[] = [];
  const add = (message: string) => remarks.push({ code: 'package-files', file: owner.name, message });
  if (absent.length > 0) add(`the root lacks ${someOf(absent)} of the package`);
  if (outside.length > 0)
    add(`${someOf(outside)} left out: an extension brings only /usr and /opt, and defaults of /etc and /var`);
  if (isNamed && paths.length === 0) add('has no files of its own, so that its dependencies stand for it');
  return remarks;
}

/** The directories of a package that no other package has. */
function ownDirectories(view: View, known: Database, owner: Package): string[] {
  return known.filesOf(owner).filter(path => view.kind(path) === 'directory' && !isShared(view, path));
}

/** Whether a path is a link to a file that the packages bring, as scripts make them to enable a default. */
function leadsTo(view: View, path: string, files: ReadonlySet<string>): boolean {
  const real = view.kind(path) === 'link' ? follow(view, path).path : undefined;
  return real !== undefined && files.has(real);
}

function unlistedRemark(directory: string, names: readonly string[], owner: Package): Remark {
  const [them, are] = names.length > 1 ? ['them', 'are'] : ['it', 'is'];
  return {
    code: 'package-unlisted',
    file: directory,
    message: `contains ${someOf(names)}, which no package lists: a script of ${owner.name} or the administrator made ${them}. Not brought; copy ${them} to the host if ${are === 'is' ? 'it is' : 'they are'} needed.`,
  };
}

/**
 * Names the dependencies of packages whose programs are all brought, if they have more than libraries and nothing shows that
 * they are needed. Each dependency is named once.
 */
function leftBehind(
  { view, known, depends }: PackageRequest,
  selected: readonly Selected[],
  payloadOfOwner: (owner: Package) => Payload,
  interpreters: ReadonlyMap<string, string>,
): Remark[] {
  if (depends !== 'needed') return [];
  // the remarks about scripts name these
  const sources = new Set([...interpreters.keys()].map(path => packageOf(view, path)?.source));
  const taken = new Set(selected.map(({ owner }) => owner.name));
  const owners = selected.flatMap(({ owner, allPrograms }) => (allPrograms ? [owner] : []));
  return owners.flatMap(owner => {
    const names = new Set(owner.depends.flat());
    const others = known.packages.filter(
      other =>
        names.has(other.name) &&
        !taken.has(other.name) &&
        !other.essential &&
        !isOfHost(other) &&
        !INSTALLERS.has(other.name) &&
        !sources.has(other.source) &&
        bringsMore(payloadOfOwner(other)),
    );
    if (others.length === 0) return [];
    const list = others.map(other => other.name).sort();
    for (const name of list) taken.add(name);
    return [
      {
        code: 'package-left-out',
        file: owner.name,
        message: `depends on ${list.join(', ')}, which ${list.length > 1 ? 'are' : 'is'} not brought: no program or link leads there. To bring ${list.length > 1 ? 'one' : 'it'}, add --package ${list[0]!}; --depends all brings every dependency.`,
      },
    ];
  });
}

/** Whether a package is more than a library with its files. */
function bringsMore({ paths }: Payload): boolean {
  if (paths.some(({ is }) => is === 'program')) return true;
  return !paths.some(({ is }) => is === 'library') && paths.some(({ is }) => is === 'resource');
}
