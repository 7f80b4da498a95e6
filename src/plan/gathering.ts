import { isProgram } from '../elf/classify.ts';
import type { Remark, Role } from '../manifest/manifest.ts';
import { isKeptByHost } from '../needs/every-host.ts';
import { isScript } from '../needs/scripts.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { join, normalise, parent, relative, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Claims } from './claims.ts';
import type { BroughtPath } from './packages/package-plan.ts';
import { isNamedByUser, type PathRequest } from './request.ts';
import { followNamed, malformedRemarks, type Real, refuseMalformed, specialFile } from './source.ts';
import { isFurtherName } from './private-interpreters.ts';
import { type Moves, movedTarget, namedTarget, targetOf } from './target.ts';

/** An ELF file with a place of its own in the tree. */
export interface Placed {
  readonly role: Extract<Role, 'entry' | 'program' | 'object'>;
  readonly path: string;
  readonly target: string;
  /** The user named this very file, not a directory or pattern. */
  readonly named?: boolean;
  /** It came with a directory that something else needs, so that what it lacks itself is no error. */
  readonly optional?: boolean;
}

interface PendingLink {
  readonly target: string;
  readonly path: string;
  readonly why: string;
  /** The program that it leads to is an entry. */
  readonly isEntry?: boolean;
}

/** Collects requested files: programs, links to them, and directories with their contents. */
export class Gathering {
  readonly placed: Placed[] = [];
  /** The requested programs, by the names under which they were requested. */
  readonly entries: string[] = [];
  /** The scripts that the user named, by their real paths. */
  readonly scripts = new Set<string>();
  readonly remarks: Remark[] = [];
  readonly #view: View;
  readonly #claims: Claims;
  readonly #skip: (path: string) => boolean;
  readonly #moves: Moves;
  /** The targets of directories with their contents, and of redirected files. */
  /** The files of packages that were brought as dependencies, by target. */
  readonly #ofDependencies = new Map<string, string>();
  readonly #directories: { source: string; target: string }[] = [];
  readonly #links: PendingLink[] = [];

  /** The moved programs to which brought links lead: each may look for its library beside the link. */
  readonly movedByLinks = new Set<string>();

  /** @param skip tells which paths are ignored: the output, if it lies in the root, and what is excluded */
  constructor(view: View, claims: Claims, skip: (path: string) => boolean, moves: Moves = new Map()) {
    this.#view = view;
    this.#claims = claims;
    this.#skip = skip;
    this.#moves = moves;
  }

  /** Returns where a path of the root goes in the tree; `undefined`: it has no place there. */
  targetOf(path: string): string | undefined {
    return movedTarget(this.#moves, path) ?? targetOf(path);
  }

  #namedTarget(path: string): string {
    return movedTarget(this.#moves, path) ?? namedTarget(path);
  }

  /** Claims a path. Throws `FlixError` if it does not exist, or cannot be placed in the tree. */
  add(request: PathRequest, why: string): void {
    const source = normalise(request.source);
    if (request.matched && this.#leftOut(source)) return;
    const real = followNamed(this.#view, source);
    const literal = resolveParent(this.#view, source);
    const isNamed = why === 'requested' && request.matched !== true;
    if (request.target !== undefined || this.#view.kind(literal) !== 'link') {
      const target =
        request.target === undefined ? this.#namedTarget(real.path) : namedTarget(normalise(request.target));
      this.#addReal(real, target, why, 'entry', isNamed);
      this.#recordEntry(real, target);
      return;
    }
    // the link is kept, but leads straight to the real file: /etc/alternatives is not shipped
    const target = this.#namedTarget(literal);
    const place = this.#namedTarget(real.path);
    this.#addReal(real, place, `target of the link ${literal}`, 'entry', isNamed);
    if (place !== target) this.#link(target, literal, place, why);
    this.#recordEntry(real, target);
  }

  /**
   * Claims a path that a file of the tree needs. Throws `FlixError` if another file has its place.
   * @param redirected its private place, if it has one
   */
  bring(source: string, why: string, redirected?: string): void {
    const real = followNamed(this.#view, source);
    const literal = resolveParent(this.#view, source);
    const place = redirected ?? this.#namedTarget(real.path);
    if (redirected !== undefined) this.#directories.push({ source: real.path, target: redirected });
    this.#addReal(real, place, why, 'program', false);
    const isLink = literal !== real.path && this.#view.kind(literal) === 'link';
    if (isLink && redirected === undefined && !isFurtherName(literal, real.path, this.#moves))
      this.#link(this.#namedTarget(literal), literal, place, why);
    this.settle();
  }

  /** Claims a file, link or directory of a package, without what a directory contains. */
  addEntry({ path, kind, is, why, of = 'named' }: BroughtPath): void {
    const target = this.targetOf(path);
    if (target === undefined) return;
    if (of !== 'named') this.#ofDependencies.set(target, path);
    const isEntry = is === 'program' && !this.#moves.has(path);
    if (kind === 'link') this.#links.push({ target, path, why, isEntry });
    else if (kind === 'directory')
      this.#claims.claim({ target, role: 'resource', content: { kind, view: this.#view, path }, why });
    else if (kind === 'file') {
      this.#addFile(path, target, why, isEntry ? 'entry' : 'program');
      if (isEntry && (this.#view.stat(path).mode & 0o111) !== 0) this.entries.push(target);
    } else this.#remark('special-file', path, 'left out: a FIFO, socket or device');
  }

  /**
   * Withdraws files of dependencies that the tree has at another place by now: at their own paths, programs of the host would
   * find them.
   */
  retract(isElsewhere: (path: string) => boolean): void {
    for (const [target, path] of this.#ofDependencies) {
      if (!isElsewhere(path)) continue;
      this.#claims.remove(target);
      const at = this.placed.findIndex(file => file.target === target);
      if (at >= 0) this.placed.splice(at, 1);
    }
  }

  /** Decides about the links in directories. Call it after the last `add`: their targets may have been requested, too. */
  settle(): void {
    for (let link = this.#links.shift(); link; link = this.#links.shift()) this.#settle(link);
  }

  /** Returns where a file of the root lies in the tree, if it has been claimed. */
  placeOf(real: string): string | undefined {
    const inside = this.#directories.find(({ source }) => within(source, real));
    const target = inside ? inside.target + real.slice(inside.source.length) : this.targetOf(real);
    return target !== undefined && this.#claims.get(target) ? target : undefined;
  }

  /** Reports what a pattern matches but no image can contain. */
  #leftOut(path: string): boolean {
    const real = follow(this.#view, path);
    if (real.path !== undefined && real.kind !== 'other') return false;
    const what = real.path === undefined ? 'a link to nothing' : 'a FIFO, socket or device';
    const code = real.path === undefined ? 'dangling-link' : 'special-file';
    this.#remark(code, path, `left out: ${what}`);
    return true;
  }

  #recordEntry({ path }: Real, target: string): void {
    const isEntry = this.placed.some(file => file.path === path && file.role === 'entry');
    if (isEntry || this.scripts.has(path)) this.entries.push(target);
  }

  #addReal(real: Real, target: string, why: string, role: 'entry' | 'program', named: boolean): void {
    if (real.kind === 'directory') this.#addDirectory(real.path, target, why);
    else if (real.kind === 'file') this.#addFile(real.path, target, why, role, named);
    else throw specialFile(real.path);
  }

  #addDirectory(source: string, target: string, why: string): void {
    this.#directories.push({ source, target });
    const view = this.#view;
    this.#claims.claim({ target, role: 'resource', content: { kind: 'directory', view, path: source }, why });
    const asked = isNamedByUser(why);
    const reason = asked ? `in ${source}, which was requested` : `in ${source}: ${why}`;
    for (const { path, kind } of walk(view, source, this.#skip)) {
      const place = target + path.slice(source.length);
      if (kind === 'directory')
        this.#claims.claim({ target: place, role: 'resource', content: { kind, view, path }, why: reason });
      else if (kind === 'file') this.#addFile(path, place, reason, 'program', false, !asked);
      else if (kind === 'link' && (asked || !isForLinker(view, path, source)))
        this.#links.push({ target: place, path, why: reason });
      else if (kind === 'link') continue;
      else this.#remark('special-file', path, 'left out: a FIFO, socket or device');
    }
  }

  #addFile(
    path: string,
    target: string,
    why: string,
    program: 'entry' | 'program',
    named = false,
    optional = false,
  ): void {
    const { facts } = objectAt(this.#view, path);
    const role = facts && isProgram(facts) ? program : facts?.dynamic ? 'object' : 'resource';
    if (program === 'entry') refuseMalformed(this.#view, path);
    else this.remarks.push(...malformedRemarks(this.#view, path, target));
    if (named && role === 'resource' && isScript(this.#view, path)) this.scripts.add(path);
    if (!this.#claims.get(target) && role !== 'resource')
      this.placed.push({ role, path, target, named, optional });
    this.#claims.claim({ target, role, content: { kind: 'copy', view: this.#view, path, edits: [] }, why });
  }

  #settle({ target, path, why, isEntry = false }: PendingLink): void {
    const text = this.#view.readlink(path);
    const next = normalise(text.startsWith('/') ? text : join(parent(path), text));
    if (isKeptByHost(next)) {
      const origin = { view: this.#view, path };
      this.#claims.claim({ target, role: 'resource', content: { kind: 'link', to: next, origin }, why });
      this.#remark('host-link', path, `kept as a link to ${next}, so that programs use the host’s`);
      return;
    }
    const real = follow(this.#view, path);
    if (real.path === undefined) {
      this.#remark('dangling-link', path, `left out: a link to ${text}, which does not exist`);
      return;
    }
    if (this.#moves.has(real.path)) {
      if (isFurtherName(path, real.path, this.#moves)) return;
      this.movedByLinks.add(real.path);
    }
    const known = this.placeOf(real.path) ?? this.#filledPlace(real);
    if (known === undefined && this.#skip(real.path)) {
      this.#remark('link-outside', path, `left out: a link to ${real.path}, which is excluded`);
      return;
    }
    if (known !== undefined) {
      this.#link(target, path, known, why);
      if (isEntry && real.kind === 'file') this.entries.push(target);
    } else if (real.kind === 'directory')
      this.#remark(
        'link-outside',
        path,
        `left out: a link to the directory ${real.path}, which was not requested`,
      );
    else if (real.kind === 'file') {
      this.#addLinked(target, path, real.path, why, isEntry ? 'entry' : 'program');
      if (isEntry) this.entries.push(target);
    }
  }

  /** Returns the target of a directory that nobody requested, but that the tree has because of files in it. */
  #filledPlace({ path, kind }: Real): string | undefined {
    const target = kind === 'directory' ? this.targetOf(path) : undefined;
    return target !== undefined && this.#claims.hasBelow(target) ? target : undefined;
  }

  #addLinked(target: string, path: string, real: string, why: string, program: 'entry' | 'program'): void {
    const place = this.targetOf(real);
    if (place === undefined) {
      this.#remark(
        'copied-link',
        path,
        `copied as a file: a link to ${real}, which cannot be part of a system extension`,
      );
      this.#addFile(real, target, why, program);
      return;
    }
    this.#addFile(real, place, `target of the link ${path}`, program);
    this.#link(target, path, place, why);
  }

  #link(target: string, path: string, to: string, why: string): void {
    const origin = { view: this.#view, path };
    this.#claims.claim({
      target,
      role: 'resource',
      content: { kind: 'link', to: relative(target, to), origin },
      why,
    });
  }

  #remark(code: string, file: string, message: string): void {
    this.remarks.push({ code, file, message });
  }
}

/** Whether a link in a directory, such as `libfoo.so`, leads the linker to a library elsewhere. */
function isForLinker(view: View, path: string, directory: string): boolean {
  const real = follow(view, path).path;
  return path.endsWith('.so') && real !== undefined && !within(directory, real);
}
