import { setFlagsFromString } from 'node:v8';

/**
 * Tunes V8 for a process that works hard for half a second and exits. By default, V8 optimises functions that are
 * hardly called again (a quarter of the processor time of `tree --all`), and doubles the space for new objects until
 * it no longer fits the processor's caches. This concerns Node 18 and 20 (V8 10 and 11); newer versions do neither, and
 * would complain about a flag that they dropped.
 */
export function expectShortRun(): void {
  if (Number.parseInt(process.versions.v8) > 11) return;
  setFlagsFromString('--interrupt-budget=500000');
  setFlagsFromString('--semi-space-growth-factor=1');
}
