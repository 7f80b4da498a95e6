import fs from 'node:fs';
import { execaSync } from 'execa';
import * as c from '../../src/elf/constants.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { readHeader } from '../../src/elf/header.ts';
import type { ElfHeader } from '../../src/elf/facts.ts';

/** How a loader's file can be run here: by the kernel itself, or by a static qemu that is to be brought into its root. */
export interface Runner {
  /** A path of this machine. `undefined`: the kernel runs it. */
  readonly emulator: string | undefined;
}

const known = new Map<string, Runner | undefined>();

/** `undefined`: nothing here runs it. @param loader a path of this machine */
export function runner(loader: string): Runner | undefined {
  if (!known.has(loader)) known.set(loader, find(loader));
  return known.get(loader);
}

function find(loader: string): Runner | undefined {
  if (speaks(loader, [])) return { emulator: undefined };
  const name = qemuName(readHeader(bytesReader(fs.readFileSync(loader))));
  const emulator =
    name && [`/usr/bin/qemu-${name}-static`, `/usr/bin/qemu-${name}`].find(file => fs.existsSync(file));
  return emulator && speaks(emulator, [loader]) ? { emulator } : undefined;
}

/** glibc prints its version and succeeds, musl prints it and fails; what cannot be run is silent, or taken for a script. */
function speaks(program: string, options: readonly string[]): boolean {
  const { stdout, stderr } = execaSync(program, [...options, '--version'], { reject: false });
  return /\bversion \d/i.test(`${stdout}${stderr}`);
}

function qemuName({ machine, class: bits, endian }: ElfHeader): string | undefined {
  const wide = bits === 64;
  const little = endian === 'little';
  switch (machine) {
    case c.EM_386:
      return 'i386';
    case c.EM_X86_64:
      return 'x86_64';
    case c.EM_AARCH64:
      return 'aarch64';
    case c.EM_ARM:
      return 'arm';
    case c.EM_S390:
      return 's390x';
    case c.EM_PPC64:
      return little ? 'ppc64le' : 'ppc64';
    case c.EM_RISCV:
      return wide ? 'riscv64' : 'riscv32';
    default:
      return undefined;
  }
}
