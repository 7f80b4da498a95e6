import { FlixError } from '../errors.ts';

/** Subdirectories of `glibc-hwcaps/` that a glibc knows (sysdeps/<arch>/dl-hwcaps-subdirs.c). */
const LEVELS = ['x86-64-v2', 'x86-64-v3', 'x86-64-v4', 'power9', 'power10', 'z13', 'z14', 'z15', 'z16'];

/** A processor level as `--hwcaps` names it; throws `FlixError` for one that no loader knows. */
export function hwcapsLevel(name: string | undefined): string | undefined {
  if (name === undefined || LEVELS.includes(name)) return name;
  throw new FlixError(
    'input',
    'unknown-hwcaps',
    `--hwcaps ${name}: no loader knows this level`,
    `Known: ${LEVELS.join(', ')}.`,
  );
}
