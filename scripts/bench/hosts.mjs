import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { largest } from './audit.mjs';

const EXTENSIONS = 60;
const HOSTS = [1, 4, 12];

/**
 * Audits many extensions, each by itself, over a growing number of host profiles. The memory must not grow with the hosts:
 * the same two hosts alternate, so that each added host is as large as those before.
 *
 * @param {string} node
 * @param {string} root the programs of the extensions
 * @param {readonly [string, string]} hosts
 */
export function benchHosts(node, root, hosts) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const run = (...command) => {
    const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
    return { status, stderr };
  };
  const flix = (...options) => run(node, 'bin/flix.js', ...options);
  try {
    const trees = [];
    for (const program of largest(root, 2 * EXTENSIONS)) {
      const tree = path.join(directory, `x${trees.length}`);
      if (
        trees.length < EXTENSIONS &&
        flix('vendor', root, program, '--out', tree, '--no-run', '-q').status === 0
      )
        trees.push(tree);
    }
    const profiles = Array.from({ length: Math.max(...HOSTS) }, (_, i) => {
      const profile = path.join(directory, `${i}.profile`);
      if (i < hosts.length) flix('host', 'snapshot', '--root', hosts[i], '-o', profile, '-q');
      else copyFileSync(path.join(directory, `${i % hosts.length}.profile`), profile);
      return ['--host', profile];
    });
    console.log(`flix audit --each, ${trees.length} extensions`);
    for (const number of HOSTS) {
      const audit = [
        node,
        'bin/flix.js',
        'audit',
        '--each',
        '-q',
        ...trees,
        ...profiles.slice(0, number).flat(),
      ];
      const { stderr } = run('/usr/bin/time', '-f', '%U %S %M', ...audit);
      const [user, system, kilobytes] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
      const seconds = (user + system).toFixed(1);
      console.log(
        `  over ${String(number).padStart(2)} hosts: ${seconds} s of processor time, ${Math.round(kilobytes / 1024)} MB at most`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
