import { FlixError } from '../errors.ts';
import { machineOf } from '../elf/machine.ts';
import type { PlacedClosure } from './missing.ts';

/** The one architecture of all programs, in systemd's spelling. Throws `FlixError` on a mix. `undefined`: nothing decides it. */
export function architectureOf(closures: readonly PlacedClosure[]): string | undefined {
  const first = closures[0];
  if (!first) return undefined;
  const architecture = machineOf(first.closure.entry.facts.header)?.systemd;
  for (const { target, closure } of closures)
    if (machineOf(closure.entry.facts.header)?.systemd !== architecture)
      throw new FlixError(
        'input',
        'mixed-architectures',
        `${first.target} is for ${architecture}, ${target} for ${machineOf(closure.entry.facts.header)?.systemd}`,
        'An extension declares one ARCHITECTURE=. Vendor them apart.',
      );
  return architecture;
}

/** extension-release(5): self-contained, so for every OS. */
export function extensionRelease(architecture: string | undefined): string {
  return `ID=_any\n${architecture === undefined ? '' : `ARCHITECTURE=${architecture}\n`}`;
}
