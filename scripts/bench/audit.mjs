import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { alternate, line } from './alternate.mjs';
import { walk } from './walk.mjs';

const PROGRAMS = 30;

/**
 * Audits one extension of the largest programs of a root, over a host of another release.
 *
 * @param {string} node
 * @param {string} root
 * @param {string} host
 */
export function benchAudit(node, root, host) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const tree = path.join(directory, 'large');
  try {
    const vendored = spawnSync(
      node,
      [
        'bin/flix.js',
        'vendor',
        root,
        '--quiet',
        '--no-run',
        '--name',
        'large',
        '--out',
        tree,
        ...largest(root, PROGRAMS),
      ],
      { encoding: 'utf8' },
    );
    if (vendored.status !== 0) throw new Error(vendored.stderr);
    const audit = {
      name: `flix audit, ${PROGRAMS} programs`,
      command: [node, 'bin/flix.js', 'audit', tree, '--host', host],
    };
    const empty = { name: 'node -e 0', command: [node, '-e', '0'] };
    console.log(line(alternate(audit, empty, { rounds: 7 })));
    const { stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...audit.command], { encoding: 'utf8' });
    const [user, system, kilobytes] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
    console.log(
      `  ${(user + system).toFixed(2)} s of processor time, ${Math.round(kilobytes / 1024)} MB at most`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Returns the largest programs of a root, as paths inside it.
 *
 * @param {string} root
 * @param {number} number
 */
export function largest(root, number) {
  const programs = [];
  for (const place of ['/usr/bin', '/usr/sbin'])
    walk(root + place, file => programs.push({ file: file.slice(root.length), size: statSync(file).size }));
  return programs
    .sort((a, b) => b.size - a.size)
    .slice(0, number)
    .map(({ file }) => file);
}
