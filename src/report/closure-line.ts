import type { Closure } from '../resolve/closure.ts';

/** One line of `flix tree --all --ndjson`. */
export interface ClosureLine {
  /** Path inside the root. */
  readonly file: string;
  readonly interp: string | null;
  /** `[name, literal path]` in load order, the loader left out, as `ld.so --list` prints them. */
  readonly libs: readonly (readonly [string, string])[];
  readonly missing: readonly string[];
  /** Why the loader would not start it at all; `libs` is empty then, as the loader prints none. */
  readonly error?: string;
}

export function closureLine(closure: Closure): ClosureLine {
  const { entry, objects, fatal, loader } = closure;
  const missing = [...new Set(closure.missing.map(({ name }) => name))];
  const line = { file: entry.real, interp: entry.facts.interpreter ?? null };
  if (fatal) return { ...line, libs: [], missing: [], error: `${fatal.path}: ${fatal.reason}` };
  // asked to load itself, the loader lists nothing
  const listed = entry.id === loader?.id ? [] : objects.slice(objects.indexOf(entry) + 1);
  return { ...line, libs: listed.map(object => [firstName(object.names), object.path] as const), missing };
}

function firstName(names: ReadonlySet<string>): string {
  for (const name of names) return name;
  return '';
}
