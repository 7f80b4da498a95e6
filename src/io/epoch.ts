import { FlixError } from '../errors.ts';

/** squashfs keeps times in 32 bits. */
const MAX_EPOCH = 0xffff_ffff;

/** The time that goes into what is written, in seconds: `SOURCE_DATE_EPOCH`, 0 if unset (reproducible-builds.org). */
export function sourceDateEpoch(env: NodeJS.ProcessEnv = process.env): number {
  const text = env['SOURCE_DATE_EPOCH'];
  if (!text) return 0;
  const epoch = /^\d+$/.test(text) ? Number(text) : NaN;
  if (epoch <= MAX_EPOCH) return epoch;
  throw new FlixError(
    'input',
    'bad-epoch',
    `SOURCE_DATE_EPOCH=${text} is no number of seconds from 0 to ${MAX_EPOCH}`,
    'date +%s gives the present time in this form',
  );
}
