import { silentlyIgnored } from './metadata/silently-ignored.ts';

/** What the release file of an extension says. */
export const metadata = [silentlyIgnored] as const;
