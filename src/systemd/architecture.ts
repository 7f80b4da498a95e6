import { ET_DYN, ET_EXEC } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { readHeader } from '../elf/header.ts';
import { machineOf } from '../elf/machine.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** Programs of which every host has at least one, built for its native architecture. */
const PROBED = ['/usr/lib/systemd/systemd', '/usr/bin/systemctl', '/usr/bin/sh', '/bin/sh', '/usr/bin/true'];

/**
 * The architecture of a host's programs, as systemd spells it; `undefined`: unknown. systemd asks the running kernel,
 * which gives the same answer unless the host mixes architectures.
 */
export function hostArchitecture(host: View): string | undefined {
  for (const path of PROBED) {
    const real = follow(host, path).path;
    const facts = real === undefined ? undefined : objectAt(host, real).facts;
    if (facts) return machineOf(facts.header)?.systemd;
  }
  return undefined;
}

/** The paths of the programs and libraries of a tree, by their architecture as systemd spells it. */
export function filesByArchitecture(tree: View): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, kind } of walk(tree, '/')) {
    const header = kind === 'file' ? headerAt(tree, path) : undefined;
    // most relocatable files are firmware and BPF programs
    if (!header || (header.type !== ET_EXEC && header.type !== ET_DYN)) continue;
    const architecture = machineOf(header)?.systemd;
    if (architecture === undefined) continue;
    found.set(architecture, [...(found.get(architecture) ?? []), path]);
  }
  return found;
}

/** `\x7fELF` */
const ELF_MAGIC = 0x7f454c46;

function headerAt(tree: View, path: string): ElfHeader | undefined {
  try {
    const file = tree.open(path);
    try {
      return file.magic === ELF_MAGIC ? readHeader(file) : undefined;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure) return undefined;
    throw error;
  }
}
