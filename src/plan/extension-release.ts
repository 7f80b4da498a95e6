import { FlixError } from '../errors.ts';
import { systemdArchitecture } from '../elf/architecture.ts';
import type { PlacedClosure } from './missing.ts';

/** The one architecture of all programs, in systemd's spelling. Throws `FlixError` on a mix. `undefined`: nothing decides it. */
export function architectureOf(closures: readonly PlacedClosure[]): string | undefined {
  const first = closures[0];
  if (!first) return undefined;
  const architecture = systemdArchitecture(first.closure.entry.facts.header);
  for (const { target, closure } of closures)
    if (systemdArchitecture(closure.entry.facts.header) !== architecture)
      throw new FlixError(
        'input',
        'mixed-architectures',
        `${first.target} is for ${architecture}, ${target} for ${systemdArchitecture(closure.entry.facts.header)}`,
        'An extension declares one ARCHITECTURE=. Vendor them apart.',
      );
  return architecture;
}

/** extension-release(5): self-contained, so for every OS. */
export function extensionRelease(architecture: string | undefined): string {
  return `ID=_any\n${architecture === undefined ? '' : `ARCHITECTURE=${architecture}\n`}`;
}
