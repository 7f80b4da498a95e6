/** systemd's names by the processor of a GNU triplet (GNU config config.sub; Debian's tuples: dpkg data/cputable). */
const PROCESSORS: readonly (readonly [RegExp, string])[] = [
  [/^x86_64$/, 'x86-64'],
  [/^i[3-7]86$/, 'x86'],
  [/^aarch64$/, 'arm64'],
  [/^aarch64_be$/, 'arm64-be'],
  [/^arm(?:v\d\w*)?$/, 'arm'],
  [/^armeb$/, 'arm-be'],
  [/^s390x?$/, '$&'],
  [/^(?:powerpc|ppc)64(?:le|el)$/, 'ppc64-le'],
  [/^(?:powerpc|ppc)64$/, 'ppc64'],
  [/^(?:powerpc|ppc)$/, 'ppc'],
  [/^riscv(?:32|64)$/, '$&'],
  [/^loongarch64$/, '$&'],
  [/^mips(?:isa32r6)?el$/, 'mips-le'],
  [/^mips(?:isa32r6)?$/, 'mips'],
  [/^mips(?:isa)?64(?:r6)?el$/, 'mips64-le'],
  [/^mips(?:isa)?64(?:r6)?$/, 'mips64'],
];

/** A directory for one architecture: `/usr/lib/aarch64-linux-gnu`, `rustlib/aarch64-unknown-linux-gnu`. */
const DIRECTORY = /\/([a-z0-9_]+)-(?:\w+-)?linux-(?:gnu|musl)[a-z0-9]*(?=\/)/g;

/** The architectures, as systemd names them, of the triplets among the directories of a file. */
export function tripletArchitectures(path: string): string[] {
  return [...path.matchAll(DIRECTORY)].flatMap(([, processor]) => {
    const found = PROCESSORS.find(([names]) => names.test(processor!));
    return found ? [processor!.replace(...found)] : [];
  });
}
