import { blocksAll } from './metadata/blocks-all.ts';
import { silentlyIgnored } from './metadata/silently-ignored.ts';

/** What the release file of an extension says. */
export const metadata = [blocksAll, silentlyIgnored] as const;
