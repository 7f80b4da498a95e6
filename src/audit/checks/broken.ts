import { unloadable } from './broken/unloadable.ts';

/** Files that are not what they should be. */
export const broken = [unloadable] as const;
