import { FlixError } from '../errors.ts';

/** squashfs stores times in 32 bits. */
const MAX_EPOCH = 0xffff_ffff;

/** Returns `SOURCE_DATE_EPOCH` in seconds; `undefined` if it is unset. Throws `FlixError` `bad-epoch`. */
export function givenEpoch(env: NodeJS.ProcessEnv = process.env): number | undefined {
  return env['SOURCE_DATE_EPOCH'] ? sourceDateEpoch(env) : undefined;
}

/** Returns the time to write into files and images, in seconds: `SOURCE_DATE_EPOCH`, or 0 if it is unset (reproducible-builds.org). */
export function sourceDateEpoch(env: NodeJS.ProcessEnv = process.env): number {
  const text = env['SOURCE_DATE_EPOCH'];
  if (!text) return 0;
  const epoch = /^\d+$/.test(text) ? Number(text) : NaN;
  if (epoch <= MAX_EPOCH) return epoch;
  throw new FlixError(
    'input',
    'bad-epoch',
    `SOURCE_DATE_EPOCH=${text} is not a number of seconds from 0 to ${MAX_EPOCH}`,
    'date +%s prints the current time in this form.',
  );
}
