import { isOfEveryHost, isProgramOfEveryHost } from '../needs/every-host.ts';
import { needsOf, type Subject } from '../needs/find.ts';
import {
  isBrought,
  type JudgedNeed,
  type Lookup,
  type Need,
  reaches,
  type Strength,
  strengths,
} from '../needs/need.ts';
import { isScript } from '../needs/scripts.ts';
import { isEmpty, measure } from '../needs/ownership.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { PlannedFile } from './plan.ts';
import { targetOf } from './target.ts';

/** A tree that grows by what its programs need. */
export interface GrowingTree {
  /** In which the paths of needs are looked up. */
  readonly view: View;
  /** Returns the objects and scripts whose needs count so far. */
  subjects(): readonly Subject[];
  /** Whether the tree has what a need names where the file that needs it looks, or the user chose a part of that directory. */
  has(need: Need): boolean;
  /** Returns the private place of what a need names; `undefined`: it is not redirected yet. */
  redirected?(need: Need): string | undefined;
  /** Returns why the tree cannot have a path; `undefined`: it can. */
  refuses(need: Need): string | undefined;
  /** Brings what a need names. Returns its private place; `undefined`: it keeps its own path. */
  bring(need: Need, why: string): string | undefined;
  /** Keeps objects from loading modules of a host that the tree does not have. Called when all needs are judged. */
  close?(): void;
  /** Whether programs of the tree see the programs and directories of the host. */
  readonly onHost: boolean;
  /** Whether the hosts have what a need names; default: `isOfEveryHost`. @param path its place below /usr */
  readonly provides?: (need: Need, path: string) => boolean;
}

/** Brings every need whose strength reaches the level, and what is needed by what was brought. Returns all needs, worst first. */
export function bringNeeds(tree: GrowingTree, level: Strength): JudgedNeed[] {
  const needs = new Map<string, Judged>();
  const hosts = new HostDirectories(tree.view);
  const examined = { required: new Set<string>(), optional: new Set<string>() };
  const started = new StartedScripts(tree.view);
  for (let grew = true; grew;) {
    grew = false;
    const all: Need[] = [];
    const subjects = started.mark(tree.subjects());
    for (const subject of [...subjects.filter(({ optional }) => !optional), ...subjects]) {
      const { path, optional } = subject;
      if (examined.required.has(path) || (optional && examined.optional.has(path))) continue;
      examined[optional ? 'optional' : 'required'].add(path);
      const found = needsOf(subject, tree.view);
      if (tree.onHost) hosts.note(found);
      all.push(...found);
    }
    for (const found of tree.onHost ? hosts.first(all) : all.map(need => inOwnRoot(need, tree.view))) {
      const need = tree.onHost ? hosts.owned(found) : found;
      const key = `${need.what}\0${need.evidence.file}`;
      const known = needs.get(key);
      if (known && (known.verdict !== 'open' || reaches(known.strength, need.strength))) continue;
      const judged = judge(need, tree, level);
      needs.set(key, judged);
      if (isBrought(judged)) grew = true;
    }
    // a file that was brought since may contain the path that has to be replaced
    for (const [key, need] of grew ? [] : needs) {
      if (need.owner !== 'host' || need.because === undefined) continue;
      const { because: _, ...again } = need;
      const judged = judge(again, tree, level);
      needs.set(key, judged);
      if (isBrought(judged)) grew = true;
    }
  }
  tree.close?.();
  const judged = [...needs.values()].map(need => measured(tree, need)).sort(byStrength);
  return judged.filter(
    ({ what, verdict }) => verdict !== 'open' || !isEmpty(tree.view, follow(tree.view, what).path),
  );
}

/**
 * The scripts that programs of the tree start. These programs fail without them, so they are not optional, although they came
 * with a directory or a package, whose other scripts may be examples.
 */
class StartedScripts {
  readonly #view: View;
  readonly #started = new Set<string>();

  constructor(view: View) {
    this.#view = view;
  }

  /** Returns all subjects; those that others certainly start are not optional. */
  mark(subjects: readonly Subject[]): readonly Subject[] {
    const isStarted = ({ path }: Subject) => this.#started.has(path);
    const starters = subjects.filter(subject => !subject.optional || subject.isProgram || isStarted(subject));
    // a script may start others
    for (const { view, path } of starters)
      for (const started of this.#startedBy({ view, path, optional: false }))
        if (!this.#started.has(started)) {
          this.#started.add(started);
          starters.push(...subjects.filter(subject => subject.path === started));
        }
    return subjects.map(subject =>
      subject.optional && isStarted(subject) ? { ...subject, optional: false } : subject,
    );
  }

  #startedBy(subject: Subject): string[] {
    return needsOf(subject, this.#view).flatMap(({ what, strength, evidence: { kind } }) => {
      const isCertain = strength === 'required' && (kind === 'command' || kind === 'script');
      return (isCertain ? follow(this.#view, what).path : undefined) ?? [];
    });
  }
}

/** The files and directories that hosts have too according to the families, whatever the evidence of a need for them. */
class HostDirectories {
  readonly #view: View;
  readonly #lookup = new Map<string, Lookup>();

  constructor(view: View) {
    this.#view = view;
  }

  note(needs: readonly Need[]): void {
    for (const { what, owner, lookup } of needs)
      if (owner === 'host' && lookup) this.#lookup.set(resolveParent(this.#view, what), lookup);
  }

  /** Returns the needs in order: those for such files first, and a directory before its contents. */
  first(needs: readonly Need[]): Need[] {
    const of = needs.map(need => ({ need, isHosts: this.#lookupOf(need.what) !== undefined }));
    const hosts = of.filter(({ isHosts }) => isHosts).map(({ need }) => need);
    return [
      ...hosts.sort((a, b) => a.what.length - b.what.length),
      ...of.filter(({ isHosts }) => !isHosts).map(({ need }) => need),
    ];
  }

  /** Returns a need with the owner of what it names. */
  owned(need: Need): Need {
    const lookup = need.owner === undefined ? this.#lookupOf(need.what) : undefined;
    return lookup ? { ...need, owner: 'host', lookup: { variables: [], modules: lookup.modules } } : need;
  }

  #lookupOf(what: string): Lookup | undefined {
    for (let at = resolveParent(this.#view, what); at !== '/'; at = parent(at)) {
      const lookup = this.#lookup.get(at);
      if (lookup) return lookup;
    }
    return undefined;
  }
}

/**
 * Returns a need as it applies in a root of its own, which hides the files of the host: the tree may have files that
 * programs of the host load from the same path, and must have the programs that it would find on every host.
 */
function inOwnRoot({ owner, lookup, ...found }: Need, view: View): Need {
  const need = owner === 'machine' ? { ...found, owner, ...(lookup && { lookup }) } : found;
  const { what, hidden, strength, evidence } = need;
  if (hidden) return { ...need, strength: hidden };
  const place = resolveParent(view, what);
  if (!isProgramOfEveryHost(targetOf(place) ?? place)) return need;
  const isRun =
    evidence.kind === 'interpreter' || (evidence.kind === 'command' && reaches(strength, 'recommended'));
  const least = isRun ? 'required' : 'recommended';
  return reaches(strength, least) ? need : { ...need, strength: least };
}

function isProvided(need: Need, path: string, { provides }: GrowingTree): boolean {
  return provides ? provides(need, path) : isOfEveryHost(path);
}

type Judged = Omit<JudgedNeed, 'size' | 'package'>;

function judge(need: Need, tree: GrowingTree, level: Strength): Judged {
  const known = tree.redirected?.(need);
  if (known !== undefined) return { ...need, verdict: 'redirected', place: known };
  if (tree.has(need)) return { ...need, verdict: 'in the tree' };
  const real = resolveParent(tree.view, need.what);
  if (tree.onHost && isProvided(need, targetOf(real) ?? real, tree))
    return { ...need, verdict: 'provided by every host' };
  if (!reaches(need.strength, level)) return { ...need, verdict: 'open' };
  const because = tree.refuses(need);
  if (because !== undefined) return { ...need, verdict: 'open', because };
  const place = tree.bring(need, whyOf(need));
  return { ...need, ...(place === undefined ? { verdict: 'brought' } : { verdict: 'redirected', place }) };
}

/** Says why a file was brought: `Python library of /usr/bin/python3.11`. */
function whyOf({ evidence: { kind, file, text, line } }: Need): string {
  switch (kind) {
    case 'family':
      return `${text} for ${file}`;
    case 'interpreter':
      return `runs ${file}`;
    case 'import':
      return `${file} loads the module ${text}${line === undefined || line === 0 ? '' : ` in line ${line}`}`;
    case 'command':
      return `run by line ${line} of ${file}`;
    case 'script':
      return `named in line ${line} of ${file}`;
    case 'beside':
      return `${file} looks for it beside itself`;
    default:
      return `named by ${file}`;
  }
}

/** Adds sizes and packages, and judges open needs again, since another need may have brought the file. */
function measured(tree: GrowingTree, need: Judged): JudgedNeed {
  const real = follow(tree.view, need.what).path;
  if (real === undefined || need.verdict === 'provided by every host') return { ...need, size: () => 0 };
  const place = need.verdict === 'open' ? tree.redirected?.(need) : undefined;
  const verdict = need.verdict === 'open' && tree.has(need) ? 'in the tree' : need.verdict;
  const size = measure(tree.view, real);
  return place === undefined
    ? { ...need, verdict, ...size }
    : { ...need, verdict: 'redirected', place, ...size };
}

/** Compares needs: by strength, path and file. */
export function byStrength(a: Need, b: Need): number {
  const key = ({ strength, what, evidence }: Need) =>
    `${strengths.indexOf(strength)}\0${what}\0${evidence.file}`;
  return key(a) < key(b) ? -1 : 1;
}

/** The paths of a tree, with all directories above them. */
export function withParents(targets: Iterable<string>): Set<string> {
  const present = new Set<string>();
  for (const target of targets)
    for (let end = target.length; end > 0; end = target.lastIndexOf('/', end - 1))
      present.add(target.slice(0, end));
  return present;
}

/** Why a tree does not have what the user left out. */
export const EXCLUDED = 'it is left out with --exclude';

/** Why no tree brings drivers. */
export const DRIVERS = 'drivers belong to the host, whose kernel and devices they fit';

/** Returns why no tree can have what a need names; `undefined`: it can. */
export function unbringable(
  { what, owner }: Need,
  view: View,
  root: View,
  skip: (path: string) => boolean,
): string | undefined {
  const real = follow(view, what);
  if (real.path === undefined) return 'it does not exist';
  if (owner === 'machine') return DRIVERS;
  if (real.kind === 'other') return 'it is a FIFO, socket or device';
  if (skip(real.path) || skip(what)) return EXCLUDED;
  // a layer above may have a directory of that name, without what is needed
  const isThere = real.kind === 'directory' && root.kind(real.path) === 'directory';
  return isThere || view.source(real.path).view === root ? undefined : 'only another root has it';
}

/** Returns the files among those of a tree that the kernel starts by their first line. */
export function scriptsAmong(files: readonly PlannedFile[]): { view: View; path: string; target: string }[] {
  return files.flatMap(({ target, role, content }) =>
    role === 'resource' &&
    content.kind === 'copy' &&
    content.view.kind(content.path) === 'file' &&
    !objectAt(content.view, content.path).facts &&
    isScript(content.view, content.path)
      ? [{ view: content.view, path: content.path, target }]
      : [],
  );
}
