import { unlabelled } from './labels/unlabelled.ts';

/** What a mandatory access control asks of files. */
export const labels = [unlabelled] as const;
