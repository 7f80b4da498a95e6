import { blocksAll } from './metadata/blocks-all.ts';
import { overClaim } from './metadata/over-claim.ts';
import { silentlyIgnored } from './metadata/silently-ignored.ts';
import { underClaim } from './metadata/under-claim.ts';
import { unreadVersion } from './metadata/unread-version.ts';

/** What the release file of an extension says. */
export const metadata = [blocksAll, silentlyIgnored, overClaim, unreadVersion, underClaim] as const;
