import type { ElfHeader } from '../elf/facts.ts';
import { hwcapsLevels, machineOf } from '../elf/machine.ts';
import { FlixError } from '../errors.ts';

/** Returns the `glibc-hwcaps` subdirectories that a processor of this level uses, the best first; none for an unknown level. */
export function usableHwcaps(header: ElfHeader, level: string | undefined): readonly string[] {
  const all = machineOf(header)?.hwcaps ?? [];
  const best = level === undefined ? -1 : all.indexOf(level);
  return best < 0 ? [] : all.slice(best);
}

/** Returns the value of `--hwcaps` as it is. Throws `FlixError` `unknown-hwcaps` for a level that no loader knows. */
export function hwcapsLevel(name: string | undefined): string | undefined {
  if (name === undefined || hwcapsLevels.includes(name)) return name;
  throw new FlixError(
    'input',
    'unknown-hwcaps',
    `--hwcaps ${name}: no loader knows this level`,
    `Known: ${hwcapsLevels.join(', ')}.`,
  );
}
