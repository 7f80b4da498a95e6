import { isProgram } from '../elf/classify.ts';
import { FlixError } from '../errors.ts';
import { follow } from '../view/follow.ts';
import { headOf, shebang } from '../view/head.ts';
import { objectAt } from '../view/object.ts';
import { basename, join, normalise, parent, relative, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Claims } from './claims.ts';
import { followNamed, malformed, malformedRemarks, type Real } from './source.ts';
import type { Remark, Role } from '../manifest/manifest.ts';
import type { PathRequest } from './request.ts';
import { namedTarget, targetOf } from './target.ts';

/** An ELF file that has a place of its own in the tree. */
export interface Placed {
  readonly role: Extract<Role, 'entry' | 'program' | 'object'>;
  readonly path: string;
  readonly target: string;
}

interface PendingLink {
  readonly target: string;
  readonly path: string;
  readonly why: string;
}

/** Collects the files that were asked for: programs, links to them, directories with all that they hold. */
export class Gathering {
  readonly placed: Placed[] = [];
  /** The programs that were asked for, by the names under which they were. */
  readonly entries: string[] = [];
  readonly remarks: Remark[] = [];
  readonly #view: View;
  readonly #claims: Claims;
  readonly #skip: (path: string) => boolean;
  readonly #directories: { source: string; target: string }[] = [];
  readonly #links: PendingLink[] = [];

  /** @param skip directories that belong to no one: the output itself, if it lies in the root */
  constructor(view: View, claims: Claims, skip: (path: string) => boolean) {
    this.#view = view;
    this.#claims = claims;
    this.#skip = skip;
  }

  /** Throws `FlixError` if there is nothing at the path, or no place for it. */
  add(request: PathRequest, why: string): void {
    const source = normalise(request.source);
    const real = followNamed(this.#view, source);
    const directory = follow(this.#view, parent(source)).path ?? parent(source);
    const literal = source === '/' ? '/' : join(directory, basename(source));
    if (request.target !== undefined || this.#view.kind(literal) !== 'link') {
      const target =
        request.target === undefined ? namedTarget(real.path) : namedTarget(normalise(request.target));
      this.#addReal(real, target, why, 'entry');
      this.#recordEntry(real, target);
      return;
    }
    // a link stays a link, to the real file at the real file's place: /etc/alternatives is not shipped
    const target = namedTarget(literal);
    const place = namedTarget(real.path);
    this.#addReal(real, place, `${literal} leads to it`, 'entry');
    if (place !== target) this.#link(target, literal, place, why);
    this.#recordEntry(real, target);
  }

  /** Links of directories are settled once it is known what else is brought. */
  settle(): void {
    for (let link = this.#links.shift(); link; link = this.#links.shift()) this.#settle(link);
  }

  /** The place of a file of the root, if it has one in the tree already. */
  placeOf(real: string): string | undefined {
    const inside = this.#directories.find(({ source }) => within(source, real));
    const target = inside ? inside.target + real.slice(inside.source.length) : targetOf(real);
    return target !== undefined && this.#claims.get(target) ? target : undefined;
  }

  #recordEntry({ path, kind }: Real, target: string): void {
    if (this.placed.some(file => file.path === path && file.role === 'entry')) this.entries.push(target);
    const script = kind === 'file' ? shebang(headOf(this.#view, path)) : undefined;
    if (script)
      this.#remark(
        'script',
        target,
        `a script, run by ${script.interpreter}, which the host has to have or you have to bring`,
      );
  }

  #addReal(real: Real, target: string, why: string, role: 'entry' | 'program'): void {
    if (real.kind === 'directory') this.#addDirectory(real.path, target, why);
    else if (real.kind === 'file') this.#addFile(real.path, target, why, role);
    else
      throw new FlixError(
        'input',
        'special-file',
        `${real.path} is a FIFO, socket or device, which no image should hold`,
        'Leave it out; systemd-tmpfiles makes such files on the host.',
      );
  }

  #addDirectory(source: string, target: string, why: string): void {
    this.#directories.push({ source, target });
    const view = this.#view;
    this.#claims.claim({ target, role: 'resource', content: { kind: 'directory', view, path: source }, why });
    const reason = `in ${source}, which was asked for`;
    for (const { path, kind } of walk(view, source, this.#skip)) {
      const place = target + path.slice(source.length);
      if (kind === 'directory')
        this.#claims.claim({ target: place, role: 'resource', content: { kind, view, path }, why: reason });
      else if (kind === 'file') this.#addFile(path, place, reason, 'program');
      else if (kind === 'link') this.#links.push({ target: place, path, why: reason });
      else this.#remark('special-file', path, 'a FIFO, socket or device: left out');
    }
  }

  #addFile(path: string, target: string, why: string, program: 'entry' | 'program'): void {
    const { facts } = objectAt(this.#view, path);
    const role = facts && isProgram(facts) ? program : facts?.dynamic ? 'object' : 'resource';
    if (program === 'entry') this.#refuseMalformed(path);
    else this.remarks.push(...malformedRemarks(this.#view, path, target));
    if (!this.#claims.get(target) && role !== 'resource') this.placed.push({ role, path, target });
    this.#claims.claim({ target, role, content: { kind: 'copy', view: this.#view, path, edits: [] }, why });
  }

  #refuseMalformed(path: string): void {
    const fault = malformed(this.#view, path);
    if (fault === undefined) return;
    throw new FlixError(
      'input',
      'malformed-elf',
      `${path} of ${this.#view.label} is a broken ELF file: ${fault}`,
      'Fetch or build it again.',
    );
  }

  #settle({ target, path, why }: PendingLink): void {
    const real = follow(this.#view, path);
    if (real.path === undefined) {
      this.#remark(
        'dangling-link',
        path,
        `a link to ${this.#view.readlink(path)}, which is not there: left out`,
      );
      return;
    }
    const known = this.placeOf(real.path);
    if (known !== undefined) this.#link(target, path, known, why);
    else if (real.kind === 'directory')
      this.#remark(
        'link-outside',
        path,
        `a link to the directory ${real.path}, which was not asked for: left out`,
      );
    else if (real.kind === 'file') this.#bringLinked(target, path, real.path, why);
  }

  #bringLinked(target: string, path: string, real: string, why: string): void {
    const place = targetOf(real);
    if (place === undefined) {
      this.#remark(
        'copied-link',
        path,
        `a link to ${real}, which has no place in a system extension: its content is copied`,
      );
      this.#addFile(real, target, why, 'program');
      return;
    }
    this.#addFile(real, place, `${path} leads to it`, 'program');
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
