import { VER_FLG_BASE, VER_FLG_WEAK } from '../../src/elf/constants.ts';
import type { Bytes, Strings } from './bytes.ts';

/** `.gnu.version_r`: each Verneed followed by its Vernaux entries. @param first the first version index */
export function versionNeeds(
  needs: Readonly<Record<string, readonly string[]>>,
  first: number,
  strings: Strings,
  out: Bytes,
): Uint8Array {
  const files = Object.entries(needs);
  let index = first;
  files.forEach(([file, versions], position) => {
    const size = 16 + 16 * versions.length;
    out.u16(1, versions.length).u32(strings.add(file), 16, position === files.length - 1 ? 0 : size);
    versions.forEach((version, at) => {
      const name = version.replace(/\?$/, '');
      out.u32(elfHash(name)).u16(name === version ? 0 : VER_FLG_WEAK, index++);
      out.u32(strings.add(name), at === versions.length - 1 ? 0 : 16);
    });
  });
  return out.done();
}

/** `.gnu.version_d`: the base version, which names the file, and one Verdef with one Verdaux for each version. */
export function versionDefinitions(
  file: string,
  versions: readonly string[],
  strings: Strings,
  out: Bytes,
): Uint8Array {
  [file, ...versions].forEach((name, position) => {
    out.u16(1, position === 0 ? VER_FLG_BASE : 0, position + 1, 1);
    out.u32(elfHash(name), 20, position === versions.length ? 0 : 28);
    out.u32(strings.add(name), 0);
  });
  return out.done();
}

/** The System V hash (gABI, "Hash Table"), which the loader compares before the names. */
function elfHash(name: string): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = ((hash ^ (high >>> 24)) & ~high) >>> 0;
  }
  return hash;
}
