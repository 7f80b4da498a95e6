import { FlixError } from '../../errors.ts';
import { isLibcPart } from '../../libc/libc.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import { sameAbi } from '../../elf/machine.ts';
import { basename } from '../../view/path.ts';
import type { Pin } from '../../packages/package.ts';
import type { PlannedFile } from '../plan.ts';
import type { Excluded } from '../request.ts';
import { evaluate, type HostClosure } from './evaluate.ts';
import { type Host, listOf } from './host.ts';
import type { PinnedEdge } from './pins.ts';
import { keyOf, type Problem, type Subject, symbolText } from './problems.ts';
import { type Places, privateLibraries, type Selection, withLibraries } from './selection.ts';

interface LibraryRequest {
  /** The files of the tree without libraries that nobody named. */
  readonly files: readonly PlannedFile[];
  readonly subjects: readonly Subject[];
  /** Returns further subjects: files together with the libraries that they, or libraries of the tree, open at run time. */
  readonly openedBy: (selection: Selection) => readonly Subject[];
  readonly hosts: readonly Host[];
  readonly places: Places;
  readonly excluded: Excluded;
  /** Returns the library of a name in the staging roots, even if no file of the tree loads it. */
  readonly staged: (name: string, subject: Subject) => LoadedObject | undefined;
}

/** Which libraries a tree brings, and what its files load on each host then. */
export interface ChosenLibraries {
  readonly selection: Selection;
  readonly closures: readonly HostClosure[];
  /** Why each library is brought, by its names. */
  readonly whyOf: (name: string) => Why;
}

/**
 * Chooses the libraries that a tree brings: those without which a file of it would lack a library, a symbol version or a
 * symbol on one of the hosts, or would run with a version of a package that another package does not accept. Starts with none,
 * and adds libraries until none solves a further problem. Then drops each library that is no longer needed, because its
 * requester was replaced. The C library is always the host's. Throws `FlixError` `name-conflict`.
 */
export function chooseLibraries(request: LibraryRequest): ChosenLibraries {
  return new Choice(request).make();
}

/** A reason to bring a library. */
interface Cause {
  /** Equal for one cause on several hosts. The reason that is reported has the first key in order. */
  readonly key: string;
  /** Describes the cause on these hosts. */
  readonly text: (hosts: readonly string[]) => string;
  readonly pin?: Pin;
}

/** Why a library is brought. */
export interface Why {
  readonly text: string;
  /** The pin that demands its package, if that is the reason. */
  readonly pin?: Pin | undefined;
}

class Choice {
  readonly #request: LibraryRequest;
  readonly #libraries = new Map<string, LoadedObject>();
  readonly #bound = new Set<string>();
  readonly #causes = new Map<string, Map<string, { readonly cause: Cause; readonly hosts: Set<string> }>>();
  /** At the start of a round. */
  #before: Selection = { libraries: new Map(), bound: new Set() };
  #subjects: readonly Subject[];

  constructor(request: LibraryRequest) {
    this.#request = request;
    this.#subjects = request.subjects;
  }

  make(): ChosenLibraries {
    let closures: readonly HostClosure[];
    do closures = this.#evaluate();
    while (this.#solve(closures) || this.#bindUsers(closures) || this.#addOpened());
    closures = this.#drop(closures);
    closures = this.#unbind(closures);
    return { selection: this.#selection(), closures, whyOf: name => this.#whyOf(name) };
  }

  #selection(): Selection {
    return { libraries: this.#libraries, bound: this.#bound };
  }

  #evaluate(selection = this.#selection(), subjects = this.#subjects): HostClosure[] {
    const { files, hosts, places, excluded } = this.#request;
    return evaluate(withLibraries(files, selection, places), subjects, hosts, excluded);
  }

  /** Adds libraries that solve problems. Returns whether it added any. */
  #solve(closures: readonly HostClosure[]): boolean {
    this.#before = { libraries: new Map(this.#libraries), bound: new Set(this.#bound) };
    let changed = false;
    for (const closure of closures)
      for (const problem of closure.problems) if (this.#solveOne(problem, closure)) changed = true;
    return changed;
  }

  #solveOne(problem: Problem, { isOurs }: HostClosure): boolean {
    if (problem.kind === 'interpreter' || problem.kind === 'fatal') return false;
    const { requester, subject } = problem;
    const provide = (name: string) => this.#provide(name, problem, isOurs);
    if (problem.kind === 'library') return provide(problem.name);
    if (!isOurs(requester)) return provide(nameOf(requester));
    if (problem.kind === 'pin') return provide(problem.name);
    if (problem.kind === 'version') {
      const { file, provider } = problem;
      if (isLibc(provider)) return false;
      // the process has the host's library although the tree brings its own: so does the library that asked for it first
      return provide(file) || chainTo(provider).some(object => !isOurs(object) && provide(nameOf(object)));
    }
    const { definer } = problem;
    if (!definer || isLibc(definer)) return false;
    return provide(nameOf(definer)) || usersOf(definer, subject).some(object => provide(nameOf(object)));
  }

  /** Brings a library, and makes the files that need it search the private directory. Returns whether that is new. */
  #provide(
    name: string,
    problem: Problem & { requester: LoadedObject },
    isOurs: HostClosure['isOurs'],
  ): boolean {
    const { subject, requester, host } = problem;
    const object = this.#request.staged(name, subject);
    if (!object || isLibc(object) || this.#request.excluded(name) !== undefined) return false;
    const known = this.#libraries.get(name);
    if (known && known.id !== object.id) throw conflict(name, known, object);
    const size = this.#libraries.size + this.#bound.size;
    this.#libraries.set(name, object);
    this.#record(name, problem, host);
    if (!name.includes('/')) {
      this.#bound.add(subject.file.target);
      // a file with a RUNPATH does not search where the program does
      const wasThere = this.#before.libraries.has(name) && this.#before.bound.has(subject.file.target);
      const isApart = wasThere || requester.facts.dynamic?.runpath !== undefined;
      if (isOurs(requester) && isApart) this.#bound.add(requester.real);
    }
    return this.#libraries.size + this.#bound.size > size;
  }

  #record(name: string, problem: Problem & { requester: LoadedObject }, host: Host): void {
    let causes = this.#causes.get(name);
    if (!causes) this.#causes.set(name, (causes = new Map()));
    const cause = causeOf(name, problem);
    const known = causes.get(cause.key) ?? { cause, hosts: new Set() };
    causes.set(cause.key, known);
    known.hosts.add(host.label);
  }

  #whyOf(name: string): Why {
    const causes = [...(this.#causes.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const [first] = causes;
    if (!first) return { text: 'another name of the library' };
    const [, { cause, hosts }] = first;
    return { text: cause.text([...hosts].sort()), pin: cause.pin };
  }

  /**
   * Makes a program search the private directory if a plugin of the tree needs a library of the tree whose name the program
   * resolves to one of the host: a process has only one library for each name.
   */
  #bindUsers(closures: readonly HostClosure[]): boolean {
    const before = this.#bound.size;
    for (const plugin of closures) {
      const { file } = plugin.subject;
      if (file.role !== 'object' || !this.#bound.has(file.target)) continue;
      const names = plugin.closure.objects
        .filter(plugin.isOurs)
        .flatMap(object => [...object.names].filter(name => this.#libraries.has(name)));
      for (const { subject, closure, host, isOurs } of closures)
        if (
          host === plugin.host &&
          subject.file.role !== 'object' &&
          sameAbi(closure.entry.facts.header, plugin.closure.entry.facts.header) &&
          closure.objects.some(object => !isOurs(object) && names.some(name => object.names.has(name)))
        )
          this.#bound.add(subject.file.target);
    }
    return this.#bound.size > before;
  }

  #addOpened(): boolean {
    const { subjects, openedBy } = this.#request;
    const before = this.#subjects.length;
    this.#subjects = [...subjects, ...openedBy(this.#selection())];
    return this.#subjects.length > before;
  }

  /** Drops the libraries whose absence causes no further problem on any host. */
  #drop(closures: readonly HostClosure[]): readonly HostClosure[] {
    const known = new Set(closures.flatMap(({ problems }) => problems.map(keyOf)));
    let current = closures;
    for (let changed = true; changed;) {
      changed = false;
      for (const { names, target } of privateLibraries(this.#selection(), this.#request.places)) {
        const users = current.filter(({ closure, isOurs }) =>
          closure.objects.some(
            object => isOurs(object) && object.real === target && object !== closure.entry,
          ),
        );
        const isReplaceable = users.every(
          ({ host, closure }) =>
            closure.loader && names.some(name => host.find(closure.loader!.path, name) !== undefined),
        );
        if (!isReplaceable) continue;
        const libraries = new Map([...this.#libraries].filter(([name]) => !names.includes(name)));
        const subjects = [...new Set(users.map(({ subject }) => subject))];
        const after =
          subjects.length === 0 ? [] : this.#evaluate({ libraries, bound: this.#bound }, subjects);
        if (after.some(({ problems }) => problems.some(problem => !known.has(keyOf(problem))))) continue;
        for (const name of names) this.#libraries.delete(name);
        current = replaced(current, after);
        changed = true;
      }
    }
    return current;
  }

  /** Removes the run path from files that load nothing from the private directory. */
  #unbind(closures: readonly HostClosure[]): readonly HostClosure[] {
    const brought = new Set(
      privateLibraries(this.#selection(), this.#request.places).map(({ target }) => target),
    );
    const bound = new Set<string>();
    for (const { subject, closure, isOurs } of closures) {
      const loaded = closure.objects.filter(isOurs);
      const { target } = subject.file;
      if (loaded.some(({ real }) => real !== target && brought.has(real))) bound.add(target);
      for (const object of loaded)
        if (
          brought.has(object.real) &&
          object.edges.some(({ to }) => to && isOurs(to) && brought.has(to.real))
        )
          bound.add(object.real);
    }
    for (const target of this.#bound) if (!bound.has(target)) this.#bound.delete(target);
    return this.#evaluate();
  }
}

function replaced(all: readonly HostClosure[], some: readonly HostClosure[]): HostClosure[] {
  return all.map(
    closure =>
      some.find(({ host, subject }) => host === closure.host && subject === closure.subject) ?? closure,
  );
}

function isLibc({ facts, real }: LoadedObject): boolean {
  return isLibcPart(facts.dynamic?.soname, real);
}

/** Returns the name under which other objects need an object. */
export function nameOf({ facts, names, real }: LoadedObject): string {
  const { soname } = facts.dynamic ?? {};
  if (soname !== undefined && names.has(soname)) return soname;
  const plain = [...names].filter(name => !name.includes('/')).sort();
  return plain[0] ?? basename(real);
}

/** Returns the objects that led to an object, the nearest first, without the entry. */
function chainTo(object: LoadedObject): LoadedObject[] {
  const chain: LoadedObject[] = [];
  for (let at = object.requester; at?.requester; at = at.requester) chain.push(at);
  return chain;
}

/** Returns the libraries that need a library in the staging root, directly or not, the nearest first. */
function usersOf(library: LoadedObject, { staged }: Subject): LoadedObject[] {
  const users = new Set<LoadedObject>([library]);
  for (const user of users)
    for (const object of staged.objects)
      if (object !== staged.entry && object.edges.some(({ to }) => to === user)) users.add(object);
  users.delete(library);
  return [...users];
}

/** Returns why a problem makes a tree bring a library. The key of a cause that explains more comes first. */
function causeOf(name: string, problem: Problem & { requester: LoadedObject }): Cause {
  const by = problem.requester.real;
  switch (problem.kind) {
    case 'library':
      return problem.name === name
        ? { key: '1', text: hosts => `${listOf(hosts)} ${hosts.length > 1 ? 'lack' : 'lacks'} ${name}` }
        : { key: '5', text: hosts => `needed by ${by} of ${listOf(hosts)}` };
    case 'version': {
      const { file, version } = problem;
      if (file === name)
        return {
          key: `2 ${version}`,
          text: hosts => `${name} of ${listOf(hosts)} has no ${version}, which ${by} needs`,
        };
      const missing = `${version} of ${file} would be missing`;
      return {
        key: `5 ${version}`,
        text: hosts => `${name} of ${listOf(hosts)} does not fit ${file} of the tree: ${missing}`,
      };
    }
    case 'symbol': {
      const symbol = symbolText(problem.reference);
      return problem.definer
        ? {
            key: `3 ${symbol}`,
            text: hosts => `no library of ${listOf(hosts)} defines ${symbol}, which ${by} needs`,
          }
        : {
            key: `5 ${symbol}`,
            text: hosts =>
              `${name} of ${listOf(hosts)} needs ${symbol}, which no library of the tree defines`,
          };
    }
    case 'pin':
      return pinCause(name, problem.name, problem.pin);
    default:
      return { key: '6', text: () => 'needed' };
  }
}

/** @param pinned the name of the library whose package is pinned; another library is brought because it does not fit this one */
function pinCause(name: string, pinned: string, { by, unlike, ...pin }: PinnedEdge): Cause {
  const needs = `package ${by} needs exactly version ${pin.version} of ${pin.name}`;
  if (pinned !== name)
    return {
      key: `5 ${needs}`,
      text: hosts => `${name} of ${listOf(hosts)} does not fit ${pinned} of the tree: ${needs}`,
      pin,
    };
  const { version } = unlike!;
  return {
    key: `4 ${needs} ${version ?? ''}`,
    text: hosts => {
      const [records, has] = hosts.length > 1 ? ['record', 'have'] : ['records', 'has'];
      return version === undefined
        ? `${needs}, but ${listOf(hosts)} ${records} no such package for ${name}`
        : `${needs}, but ${listOf(hosts)} ${has} ${version}`;
    },
    pin,
  };
}

function conflict(name: string, one: LoadedObject, other: LoadedObject): FlixError {
  return new FlixError(
    'input',
    'name-conflict',
    `two libraries are needed under the name ${name}: ${one.real} and ${other.real}`,
    'A private directory can hold only one of them. Vendor their programs separately, each with its own --name.',
  );
}
