import { FlixError } from '../errors.ts';
import { hwcapsLevels } from '../resolve/abi.ts';

/** A processor level as `--hwcaps` names it; throws `FlixError` for one that no loader knows. */
export function hwcapsLevel(name: string | undefined): string | undefined {
  if (name === undefined || hwcapsLevels.includes(name)) return name;
  throw new FlixError(
    'input',
    'unknown-hwcaps',
    `--hwcaps ${name}: no loader knows this level`,
    `Known: ${hwcapsLevels.join(', ')}.`,
  );
}
