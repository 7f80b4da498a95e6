import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spread } from './alternate.mjs';

const TOOLS = ['mkfs.erofs', 'systemd-repart', 'sfdisk', 'veritysetup', 'openssl', 'getcap', 'flock'];
const timedTool = path.resolve('scripts/bench/timed-tool');

/**
 * Measures the share of flix itself in packing a tree in the default format, without the tools that it calls and without the
 * start of Node. Wrappers in PATH time the tools in the same runs.
 *
 * @param {string} node
 * @param {string} root a whole root that holds ffmpeg
 */
export function benchPack(node, root, rounds = 5) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const at = name => path.join(directory, name);
  const env = {
    ...process.env,
    PATH: `${at('tools')}:${process.env.PATH}:/usr/sbin:/sbin`,
  };
  mkdirSync(at('tools'));
  for (const tool of TOOLS) symlinkSync(timedTool, at(`tools/${tool}`));
  try {
    run(
      env,
      node,
      'bin/flix.js',
      'vendor',
      root,
      '--quiet',
      '--name',
      'ffmpeg',
      '--out',
      at('tree'),
      '/usr/bin/ffmpeg',
    );
    const shares = Array.from({ length: rounds + 1 }, () => {
      rmSync(at('ffmpeg.raw'), { force: true });
      const start = run(env, node, '-e', '0');
      writeFileSync(at('times'), '');
      const all = run(
        env,
        node,
        'bin/flix.js',
        'pack',
        at('tree'),
        '-o',
        at('ffmpeg.raw'),
        '--quiet',
        '--force',
      );
      const tools = covered(readFileSync(at('times'), 'utf8'));
      return { own: all - start - tools, tools };
    }).slice(1);
    const share = spread(shares.map(({ own, tools }) => (100 * own) / tools));
    const [own, tools] = ['own', 'tools'].map(key =>
      spread(shares.map(measured => measured[key])).median.toFixed(0),
    );
    const range = `${share.median.toFixed(1)} % (${share.min.toFixed(1)}–${share.max.toFixed(1)})`;
    console.log(
      `${'flix pack ffmpeg, without tools and start of Node'.padEnd(50)} ${range.padEnd(22)} ${own} ms : ${tools} ms`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The milliseconds that a command takes. Throws if it fails. */
function run(env, file, ...args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${file} ${args[1]} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

/** The milliseconds in which at least one tool ran, from lines with the microseconds of its start and end. */
function covered(times) {
  const runs = times
    .split('\n')
    .filter(Boolean)
    .map(line => line.split(' ').map(Number))
    .sort(([one], [other]) => one - other);
  let until = 0;
  let total = 0;
  for (const [begun, ended] of runs) {
    total += Math.max(0, ended - Math.max(begun, until));
    until = Math.max(until, ended);
  }
  return total / 1000;
}
