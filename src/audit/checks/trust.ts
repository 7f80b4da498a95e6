import { noPolicy } from './trust/no-policy.ts';
import { refusedImage } from './trust/refused.ts';
import { unguardedVerity } from './trust/unguarded-verity.ts';
import { unknownKey } from './trust/unknown-key.ts';

/** What a signature and a hash tree are worth on a host. */
export const trust = [refusedImage, unknownKey, unguardedVerity, noPolicy] as const;
