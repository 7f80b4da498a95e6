import type { ElfFacts } from '../elf/facts.ts';
import { abiOf } from '../elf/machine.ts';
import { basename } from '../view/path.ts';

/** The program asks for its loader where a host of its ABI has one: glibc's standard path, or musl's. */
export function isStandardInterpreter({ header, interpreter }: ElfFacts): boolean {
  return interpreter === abiOf(header)?.interpreter || /^\/lib\/ld-musl-[^/]+$/.test(interpreter ?? '');
}

/** A name that the loader of the object answers to itself: its own, and for musl that of libc. */
export function isLoaderName(name: string, { header, interpreter }: ElfFacts): boolean {
  const own = [interpreter, abiOf(header)?.interpreter].map(path => path && basename(path));
  return own.includes(basename(name)) || /^libc\.(?:so$|musl-)/.test(name);
}
