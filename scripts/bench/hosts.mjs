import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { largest } from './audit.mjs';

/** Different programs; further extensions are copies of them. */
const VENDORED = 60;
const EXTENSIONS = [1, 10, 60, 300];
const HOSTS = [1, 4, 12, 50];

/**
 * Audits a growing number of extensions, each by itself, over a growing number of host profiles, and prints time and peak
 * memory. The memory must not grow with the hosts: builds of the same two hosts alternate, so that each added host is as
 * large as those before.
 *
 * @param {string} node
 * @param {string} root the programs of the extensions
 * @param {readonly [string, string]} hosts
 */
export function benchHosts(node, root, hosts) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const run = (...command) => spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  const flix = (...options) => run(node, 'bin/flix.js', ...options);
  try {
    const trees = [];
    for (const program of largest(root, 2 * VENDORED)) {
      const tree = path.join(directory, `x${trees.length}`);
      if (
        trees.length < VENDORED &&
        flix('vendor', root, program, '--out', tree, '--no-run', '-q').status === 0
      )
        trees.push(tree);
    }
    while (trees.length < Math.max(...EXTENSIONS)) {
      const copy = path.join(directory, `x${trees.length}`);
      run('cp', '-al', trees[trees.length % VENDORED] ?? trees[0], copy);
      trees.push(copy);
    }
    const profiles = Array.from({ length: Math.max(...HOSTS) }, (_, i) => {
      const profile = path.join(directory, `${i}.profile`);
      if (i < hosts.length) flix('host', 'snapshot', '--root', hosts[i], '-o', profile, '-q');
      else
        writeFileSync(
          profile,
          anotherBuild(readFileSync(path.join(directory, `${i % hosts.length}.profile`)), i),
        );
      return ['--host', profile];
    });
    const measure = (extensions, over) => {
      const audit = [node, 'bin/flix.js', 'audit', '--each', '-q', ...trees.slice(0, extensions)];
      const { stderr } = run('/usr/bin/time', '-f', '%U %S %M', ...audit, ...profiles.slice(0, over).flat());
      const [user, system, kilobytes] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
      console.log(
        `  ${String(extensions).padStart(3)} extensions over ${String(over).padStart(2)} hosts: ` +
          `${(user + system).toFixed(1)} s of processor time, ${Math.round(kilobytes / 1024)} MB at most`,
      );
    };
    console.log('flix audit --each');
    for (const over of HOSTS) measure(VENDORED, over);
    for (const extensions of EXTENSIONS) measure(extensions, HOSTS[1]);
    measure(EXTENSIONS.at(-1), HOSTS.at(-1));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Returns the profile of a host in which every fiftieth file has other contents. */
function anotherBuild(profile, number) {
  const lines = gunzipSync(profile).toString().trim().split('\n');
  const changed = lines.map(text => {
    const line = JSON.parse(text);
    if ('label' in line) line.label += ` build ${number}`;
    line.files?.forEach((file, at) => {
      if ((at + number) % 50 === 0 && file[3] !== null) file[3] = [...file[3]].reverse().join('');
    });
    return JSON.stringify(line);
  });
  return gzipSync(changed.map(line => `${line}\n`).join(''));
}
