import { isProgram } from '../../elf/classify.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { follow } from '../../view/follow.ts';
import { objectAt } from '../../view/object.ts';
import { join, parent, relative } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import { walk } from '../../view/walk.ts';
import { scriptsAmong } from '../bring-needs.ts';
import type { Claims } from '../claims.ts';
import type { Placed } from '../gathering.ts';
import type { Content, PlannedFile } from '../plan.ts';
import { linkText, malformedRemarks } from '../source.ts';

/** The part of a root that is copied below the prefix. Each file keeps its path, so paths resolve as they did in the root. */
export class StagedRoot {
  /** ELF files, each once; `path` is inside the view. */
  readonly placed: Placed[] = [];
  readonly remarks: Remark[] = [];
  readonly #view: View;
  readonly #claims: Claims;
  readonly #prefix: string;
  readonly #isHosts: (path: string) => boolean;
  readonly #skip: (path: string) => boolean;
  /** Whether the programs may do without what is being staged. */
  #optional = false;
  /** Links that were staged with a directory, and their targets. */
  readonly #links: { readonly path: string; readonly to: string }[] = [];

  constructor(
    view: View,
    claims: Claims,
    prefix: string,
    isHosts: (path: string) => boolean,
    skip: (path: string) => boolean,
  ) {
    this.#view = view;
    this.#claims = claims;
    this.#prefix = prefix;
    this.#isHosts = isHosts;
    this.#skip = skip;
  }

  /** Returns where a path of the view lies in the tree. */
  place(path: string): string {
    return path === '/' ? this.#prefix : this.#prefix + path;
  }

  /** Returns the scripts that were staged, by their paths in the view. */
  scripts(): string[] {
    return scriptsAmong(this.#claims.sorted()).flatMap(({ path, target }) =>
      target === this.place(path) ? [path] : [],
    );
  }

  holds(path: string): boolean {
    return this.#claims.get(this.place(path)) !== undefined;
  }

  /** Whether all files of a directory are staged. @param directory real */
  holdsAll(directory: string): boolean {
    for (const { path, kind } of walk(this.#view, directory, this.#skip))
      if (kind === 'file' && !this.holds(path)) return false;
    return true;
  }

  /**
   * Stages a file with all directories and links on the way to it, except where the view shows the host's.
   *
   * @param path as it will be opened, with links and `..` not yet resolved
   */
  add(path: string, why: string): void {
    const view = this.#view;
    const todo = path.split('/').reverse();
    let at = '/';
    while (todo.length > 0) {
      const part = todo.pop()!;
      if (part === '' || part === '.') continue;
      const next = part === '..' ? parent(at) : join(at, part);
      const kind = view.kind(next);
      if (kind === 'link') {
        this.#addLink(next, why);
        const text = view.readlink(next);
        if (text.startsWith('/')) at = '/';
        todo.push(...text.split('/').reverse());
        continue;
      }
      this.#addReal(next, kind, why);
      at = next;
    }
  }

  /** Stages a real directory with its contents. */
  addAll(directory: string, why: string): void {
    this.add(directory, why);
    const left = (below: string) => this.#skip(below) || this.#isHosts(below);
    for (const { path, kind } of walk(this.#view, directory, left)) {
      if (kind !== 'link') this.#addReal(path, kind, why);
      else this.#addLinkAndFile(path, why);
    }
  }

  /** Stages what something in the view needs. */
  bring(path: string, why: string): void {
    const real = follow(this.#view, path);
    this.add(path, why);
    if (real.path === undefined || real.kind !== 'directory') return;
    this.#optional = true;
    this.addAll(real.path, why);
    this.#optional = false;
  }

  /** Claims a link that the root lacks. */
  link(path: string, to: string, why: string): void {
    const target = this.place(path);
    if (!this.#claims.get(target)) this.#claim(path, { kind: 'link', to: relative(path, to) }, why);
  }

  /** Reports links whose targets were not staged. Call it last. */
  strayLinks(): Remark[] {
    return this.#links
      .filter(({ to }) => to !== '/' && !this.holds(to))
      .map(({ path, to }) => ({
        code: 'link-outside',
        file: this.place(path),
        message: `a link to ${to}, which is not part of the view: it dangles`,
      }));
  }

  /** Stages a link, and its target if that is a file: a target directory is staged only if something else requires it. */
  #addLinkAndFile(path: string, why: string): void {
    const real = follow(this.#view, path);
    this.#addLink(path, why);
    if (real.path === undefined || this.#isHosts(real.path)) return;
    if (real.kind === 'file') this.add(path, why);
    this.#links.push({ path, to: real.path });
  }

  /** Claims a link. If it passes through a directory of the host (/etc/alternatives), it leads straight to its real target. */
  #addLink(path: string, why: string): void {
    if (this.#isHosts(path)) return;
    const real = follow(this.#view, path);
    const strays = real.links.some(link => this.#isHosts(link));
    const settled = strays && real.path !== undefined && !this.#isHosts(real.path);
    const origin = { view: this.#view, path };
    const to = settled ? relative(path, real.path) : linkText(this.#view, path);
    this.#claim(path, { kind: 'link', to, origin }, why);
  }

  #addReal(path: string, kind: string | undefined, why: string): void {
    if (kind === undefined || path === '/' || this.#isHosts(path)) return;
    if (kind === 'directory') this.#claim(path, { kind, view: this.#view, path }, why);
    else if (kind === 'file') this.#addFile(path, why);
    else
      this.remarks.push({ code: 'special-file', file: path, message: 'left out: a FIFO, socket or device' });
  }

  #addFile(path: string, why: string): void {
    if (this.holds(path)) return;
    const target = this.place(path);
    const { facts } = objectAt(this.#view, path);
    const role = facts && isProgram(facts) ? 'program' : facts?.dynamic ? 'object' : 'resource';
    if (role === 'resource') this.remarks.push(...malformedRemarks(this.#view, path, target));
    else this.placed.push({ role, path, target, optional: this.#optional });
    this.#claim(path, { kind: 'copy', view: this.#view, path, edits: [] }, why, role);
  }

  #claim(path: string, content: Content, why: string, role: PlannedFile['role'] = 'resource'): void {
    this.#claims.claim({ target: this.place(path), role, content, why });
  }
}
