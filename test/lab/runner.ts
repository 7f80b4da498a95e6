import fs from 'node:fs';
import { execaSync } from 'execa';
import * as c from '../../src/elf/constants.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { readHeader } from '../../src/elf/header.ts';
import type { ElfHeader } from '../../src/elf/facts.ts';

/** How this machine can run a loader: by the kernel, or by a static qemu that has to be put into the root. */
export interface Runner {
  /** The path of qemu on this machine, or `undefined` if the kernel runs the loader. */
  readonly emulator: string | undefined;
}

const known = new Map<string, Runner | undefined>();

/** Returns how to run a loader, or `undefined` if this machine cannot. @param loader a path on this machine */
export function runner(loader: string): Runner | undefined {
  if (!known.has(loader)) known.set(loader, find(loader));
  return known.get(loader);
}

function find(loader: string): Runner | undefined {
  if (printsVersion(loader, [])) return { emulator: undefined };
  const name = qemuName(readHeader(bytesReader(fs.readFileSync(loader))));
  const emulator =
    name && [`/usr/bin/qemu-${name}-static`, `/usr/bin/qemu-${name}`].find(file => fs.existsSync(file));
  return emulator && printsVersion(emulator, [loader]) ? { emulator } : undefined;
}

/**
 * Tells whether a loader runs: glibc prints its version and succeeds, musl prints it and fails, and glibc before 2.33
 * cannot load a file with that name.
 */
function printsVersion(program: string, options: readonly string[]): boolean {
  const { stdout, stderr } = execaSync(program, [...options, '--version'], { reject: false });
  return /\bversion \d|^--version: error while loading/i.test(`${stdout}${stderr}`);
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
