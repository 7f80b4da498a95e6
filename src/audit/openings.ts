import type { Loader } from '../resolve/loader.ts';
import { readBytes } from '../view/text.ts';

/** What is compiled into a loader where a variable's name was closed: `=` can be part of no variable's name. */
const SEALS = {
  glibc: { LD_LIBRARY_PATH: '=IBRARY_', LD_PRELOAD: '=REL', LD_AUDIT: '=UDI' },
  musl: { LD_LIBRARY_PATH: '=D_LIBRARY_PATH', LD_PRELOAD: '=D_PRELOAD' },
} as const;

/** Variables and files outside of the extension by which a loader takes in code that nothing in the extension names. */
export function openingsOf(loader: Loader): string[] {
  const bytes = readBytes(loader.view, loader.real) ?? new Uint8Array();
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const variables = Object.entries(SEALS[loader.family]).filter(([, seal]) => !content.includes(seal));
  return [...variables.map(([name]) => name), loader.cacheFile, loader.preloadFile].filter(
    name => name !== undefined,
  );
}
