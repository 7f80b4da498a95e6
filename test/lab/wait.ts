import { setTimeout as delay } from 'node:timers/promises';

/** Only something that never happens reaches it; a test's own limit (vitest.config.ts) is longer. */
const LIMIT_MS = 300_000;

/** Waits until `look` returns something other than `undefined` or `false`, and returns that. Throws after five minutes. */
export async function waitFor<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await delay(20)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`this did not become true within ${LIMIT_MS / 1000} s: ${String(look)}`);
}
