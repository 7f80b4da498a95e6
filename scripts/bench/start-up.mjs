import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spread } from './alternate.mjs';

/**
 * Measures how long a program takes from start to end when run natively, wrapped by flix, by bwrap with the same binds, and
 * by the first generation of wrappers. flatwrap.mjs runs it where /usr is merged.
 */

const PREFIX = '/usr/local/flatwrapped';
const PROGRAM = '/usr/bin/true';
const ROUNDS = 21;

const binds = [
  `${PREFIX}/usr`,
  '/usr',
  '/usr/local',
  '/usr/local',
  `${PREFIX}/ld.so.cache`,
  '/etc/ld.so.cache',
];
const ways = {
  native: [PROGRAM],
  flix: ['/usr/bin/flatwrapped'],
  bwrap: ['/usr/bin/bwrap', '--dev-bind', '/', '/', ...pairs(binds, '--dev-bind'), PROGRAM],
  'first generation': [fileURLToPath(new URL('first-generation-wrapper', import.meta.url)), PREFIX, PROGRAM],
};

for (const [caller, uid] of [
  ['root', 0],
  ['a user', 1000],
]) {
  const taken = new Map(Object.keys(ways).map(name => [name, []]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, command] of Object.entries(ways)) {
      if (name === 'bwrap' && !existsSync(command[0])) continue;
      const ms = measure(name, command, uid);
      // the first round warms the page cache
      if (round > 0) taken.get(name).push(ms);
    }
  const added = name => spread(taken.get(name).map((ms, round) => ms - taken.get('native')[round])).median;
  console.log(`\nstart-up as ${caller}: ${spread(taken.get('native')).median.toFixed(1)} ms natively`);
  for (const name of Object.keys(ways).slice(1)) {
    if (taken.get(name).length === 0) console.log(`${name}: not compared, it is not installed`);
    else
      console.log(
        `${`  ${name} adds`.padEnd(24)} ${added(name).toFixed(1)} ms (${(added(name) / added('first generation')).toFixed(2)} × the first generation)`,
      );
  }
}

function pairs(words, option) {
  return words.flatMap((word, index) => (index % 2 === 0 ? [option, word] : [word]));
}

function measure(name, [file, ...args], uid) {
  const start = performance.now();
  const { status, error, stderr } = spawnSync(file, args, {
    uid,
    gid: uid,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const elapsed = performance.now() - start;
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return elapsed;
}
