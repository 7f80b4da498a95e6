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

/** Every architecture, as systemd spells it (src/basic/architecture.c). */
const ARCHITECTURES = new Set(
  (
    'x86 x86-64 ppc ppc-le ppc64 ppc64-le ia64 parisc parisc64 s390 s390x sparc sparc64 mips mips-le mips64 mips64-le ' +
    'alpha arm arm-be arm64 arm64-be sh sh64 m68k tilegx cris arc arc-be nios2 riscv32 riscv64 loongarch64'
  ).split(' '),
);

/** How uname, Debian, Go and others spell them. */
const SPELLINGS: Readonly<Record<string, RegExp>> = {
  'x86-64': /^(?:x86[-_]?64|amd64|x64|em64t)(?:[-_]?v[1-4])?$/,
  x86: /^(?:i[3-6]86|x86[-_]?32|ia[-_]?32|386)$/,
  arm64: /^(?:aarch64|arm[-_]?64(?:v8)?|armv8l?|aarch64_le)$/,
  'arm64-be': /^aarch64[-_]be$/,
  arm: /^(?:arm(?:v[4-7].*|hf|el|32)|aarch32)$/,
  'arm-be': /^armeb$/,
  'ppc64-le': /^(?:ppc64[-_]?(?:el|le)|powerpc64[-_]?(?:el|le))$/,
  ppc64: /^powerpc64$/,
  ppc: /^powerpc$/,
  'mips-le': /^mips[-_]?(?:el|le)$/,
  'mips64-le': /^mips64[-_]?(?:el|le)$/,
  riscv64: /^(?:riscv[-_]64|rv64.*)$/,
  riscv32: /^(?:riscv[-_]32|rv32.*)$/,
  loongarch64: /^(?:loong64|loongarch[-_]64)$/,
};

/** Returns whether it is an architecture as systemd spells it. */
export function isArchitecture(text: string): boolean {
  return ARCHITECTURES.has(text);
}

/** Returns how systemd spells an architecture that is spelled otherwise; `undefined` if it is unknown. */
export function systemdSpelling(text: string): string | undefined {
  const word = text.toLowerCase();
  if (isArchitecture(word)) return word;
  return Object.keys(SPELLINGS).find(name => SPELLINGS[name]!.test(word)) ?? hyphenated(word);
}

function hyphenated(word: string): string | undefined {
  const spelled = word.replaceAll('_', '-');
  return isArchitecture(spelled) ? spelled : undefined;
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
