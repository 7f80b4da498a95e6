/** How much depends on a need: without what is required, a program does not start or loses what it is for. */
export const strengths = ['required', 'recommended', 'suggested', 'candidate'] as const;

export type Strength = (typeof strengths)[number];

/** What shows that a file is needed. */
export interface Evidence {
  readonly kind: (typeof evidenceKinds)[number];
  /** The object or script that needs it: a real path of the root. */
  readonly file: string;
  /** The string, name or line in that file, or the name of the family. */
  readonly text: string;
  /** The line of a script, from 1. */
  readonly line?: number;
}

export const evidenceKinds = [
  'libc', // the libc opens it by itself
  'note', // a .note.dlopen of the object (UAPI.2)
  'soname', // the name of a library, in the strings of an object that calls dlopen
  'path', // an absolute path in the strings of an object
  'program', // the name of a program in the strings of an object; its package depends on one that is named after the program
  'beside', // the object finds its own file, and looks beside it
  'interpreter', // the first line of a script
  'script', // an absolute path in the text of a script
  'command', // a shell script runs or reads it by name
  'import', // a script loads a module of its language
  'family', // see `families`
] as const;

/**
 * Who owns the files at that path of a running system. `host`: programs of the host load them too, so a tree must not
 * replace them. `machine`: they are drivers, which no tree may bring.
 */
export type Owner = 'host' | 'machine';

/** How objects find files that hosts have at the same path. A tree edits its own objects to find those at a private place. */
export interface Lookup {
  /**
   * The directory among the strings of an object, to which the object appends the rest; `undefined`: the strings contain the
   * whole path. In a list with colons, it is the last element, and the private directory replaces the first one.
   */
  readonly base?: string;
  /** Matches the name of the object that contains the base; `undefined`: the object that has the need. */
  readonly baseIn?: RegExp;
  /** Variables that name another directory of such files. */
  readonly variables: readonly string[];
  /** The files are code, which a process with another libc must not load from a host. */
  readonly modules: boolean;
}

/** A file, directory or library that a program needs at run time, beyond what its loader loads to start it. */
export interface Need {
  /** A path of the root, which exists and whose last component may be a link; or the name of a library. */
  readonly what: string;
  readonly strength: Strength;
  /** The strength in a view that hides the files of the host, if it differs: programs rely on what most hosts have. */
  readonly hidden?: Strength;
  readonly evidence: Evidence;
  readonly owner?: Owner;
  readonly lookup?: Lookup;
  /** Whether the package of the file depends on the one that is named after the needed program. */
  readonly declared?: true;
}

/** Whether a strength is at or above a level. */
export function reaches(strength: Strength, level: Strength): boolean {
  return strengths.indexOf(strength) <= strengths.indexOf(level);
}

/** Returns what remains of a need if the program may never load the object that has it. */
export function weakened(strength: Strength): Strength {
  return strengths[Math.min(strengths.indexOf(strength) + 1, strengths.length - 1)]!;
}

/** What becomes of a need in a tree. */
export const verdicts = [
  'in the tree', // although nobody brought it for this need
  'brought',
  'redirected', // brought to a private place, whose path replaces the original one in the objects of the tree
  'provided by every host',
  'bridged', // a driver of the host, which the view shows where the host has it
  'open',
] as const;

export interface JudgedNeed extends Need {
  readonly verdict: (typeof verdicts)[number];
  /** Returns the size in bytes, with everything in a directory; 0 for what every host has. Nothing is read until it is called. */
  readonly size: () => number;
  /** The package that owns it, or most of the files in it. */
  readonly package?: string;
  /** Where the tree has it, if it is redirected. */
  readonly place?: string;
  /** Why an open need was not brought although its strength reaches the level of the run. */
  readonly because?: string;
}

/** Whether a need brought a file, to its own place or to a private one. */
export function isBrought({ verdict }: { readonly verdict: string }): boolean {
  return verdict === 'brought' || verdict === 'redirected';
}
