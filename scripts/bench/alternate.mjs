import { spawnSync } from 'node:child_process';

/**
 * Runs two commands in turn (A B A B …), so that other load on the machine slows both, and compares them pair by pair. The
 * result to rely on is the median of the ratios A/B.
 *
 * @typedef {{ name: string, command: string[], prepare?: () => void }} Contender
 *   `prepare` runs before each round, unmeasured.
 * @param {Contender} a
 * @param {Contender} b
 * @param {{ rounds?: number, env?: NodeJS.ProcessEnv, clock?: 'wall' | 'processor' }} [options] one more round runs first,
 *   to warm the page cache, and is not counted. Processor time is that of a command and its children, as user and in the
 *   kernel; other load disturbs it less.
 * @returns {{ a: string, b: string, rounds: number, ratio: Spread, aMs: Spread, bMs: Spread }}
 */
export function alternate(a, b, { rounds = 11, env = process.env, clock = 'wall' } = {}) {
  const time = clock === 'wall' ? measure : measureProcessor;
  const pairs = Array.from({ length: rounds + 1 }, () => [time(a, env), time(b, env)]).slice(1);
  return {
    a: a.name,
    b: b.name,
    rounds,
    ratio: spread(pairs.map(([x, y]) => x / y)),
    aMs: spread(pairs.map(([x]) => x)),
    bMs: spread(pairs.map(([, y]) => y)),
  };
}

/** Formats a result as one line: `flix --version : node -e 0   1.21 (1.15–1.30)   84 ms : 69 ms`. */
export function line({ a, b, ratio, aMs, bMs }) {
  const range = `${ratio.median.toFixed(2)} × (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
  return `${`${a} : ${b}`.padEnd(50)} ${range.padEnd(22)} ${aMs.median.toFixed(0)} ms : ${bMs.median.toFixed(0)} ms`;
}

/** Wall-clock milliseconds from the spawn to the exit. Throws if the command fails. */
function measure({ name, command: [file, ...args], prepare }, env) {
  prepare?.();
  const start = performance.now();
  const { status, error, stderr } = spawnSync(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const elapsed = performance.now() - start;
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return elapsed;
}

/** Milliseconds of processor time, of which bash tells a thousandth of a second. Throws if the command fails. */
function measureProcessor({ name, command, prepare }, env) {
  prepare?.();
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const { status, error, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  const [user, system] = stderr.trimEnd().split('\n').at(-1).split(' ');
  return (Number(user) + Number(system)) * 1000;
}

/**
 * @typedef {{ median: number, min: number, max: number }} Spread
 * @param {number[]} values
 * @returns {Spread}
 */
export function spread(values) {
  const sorted = [...values].sort((x, y) => x - y);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
}
