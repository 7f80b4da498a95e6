import type { Part } from '../elf/read-only-parts.ts';
import { insideText, occurrences, stringOffsets } from './search.ts';
import type { Site } from './variables.ts';

/** 32-bit ARM and s390x call memcmp, or use CLC, with the name in rodata. Nothing else may look like it. */
export function stringSites(parts: readonly Part[], name: string): Site[] {
  const immediate = name.slice(0, 4);
  if (parts.some(part => occurrences(part, immediate).some(at => !insideText(part, at)))) return [];
  const found = stringOffsets(parts, name);
  return found.length === 1 ? [{ offset: found[0]!, before: name[0]!, after: '=' }] : [];
}
