import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 that this process does much for half a second and is gone, where its own schedule is made for hours: it
 * compiles functions that are hardly called any more (a quarter of the processor time of `tree --all`), and doubles
 * the space for new objects until it no longer fits the processor's caches. Node 18 and 20 have V8 10 and 11; newer
 * ones are not slowed by either, and would complain of a flag that they dropped.
 */
export function expectShortRun(): void {
  if (Number.parseInt(process.versions.v8) > 11) return;
  setFlagsFromString('--interrupt-budget=500000');
  setFlagsFromString('--semi-space-growth-factor=1');
}
