import os from 'node:os';
import { FlixError } from '../errors.ts';
import { systemdSpelling } from '../systemd/architecture.ts';

interface Spellings {
  readonly debian: string;
  /** Go's, which OCI images use. */
  readonly oci: string;
  readonly alpine?: string;
}

/** By systemd's names. */
const ARCHITECTURES: Readonly<Record<string, Spellings>> = {
  'x86-64': { debian: 'amd64', oci: 'amd64', alpine: 'x86_64' },
  x86: { debian: 'i386', oci: '386', alpine: 'x86' },
  arm64: { debian: 'arm64', oci: 'arm64', alpine: 'aarch64' },
  arm: { debian: 'armhf', oci: 'arm', alpine: 'armv7' },
  'ppc64-le': { debian: 'ppc64el', oci: 'ppc64le', alpine: 'ppc64le' },
  'mips64-le': { debian: 'mips64el', oci: 'mips64le' },
  s390x: { debian: 's390x', oci: 's390x', alpine: 's390x' },
  riscv64: { debian: 'riscv64', oci: 'riscv64', alpine: 'riscv64' },
  loongarch64: { debian: 'loong64', oci: 'loong64', alpine: 'loongarch64' },
};

/** Returns the spellings of an architecture, in any spelling; default: that of this machine. Throws `FlixError`. */
export function spellingsOf(given: string | undefined): Spellings {
  const name = systemdSpelling(given ?? os.machine());
  const found = name === undefined ? undefined : ARCHITECTURES[name];
  if (!found)
    throw new FlixError(
      'input',
      'bad-architecture',
      given === undefined
        ? `distributions have no known name for the architecture of this machine, ${os.machine()}`
        : `--arch ${given} is not an architecture for which distributions have packages`,
      `Use --arch with one of ${Object.keys(ARCHITECTURES).join(', ')}.`,
    );
  return given === 'armel' ? { ...found, debian: 'armel' } : found; // arm without a floating-point unit
}
