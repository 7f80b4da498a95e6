import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { largest } from './audit.mjs';

const SIZES = [1000, 10_000, 100_000];
const MILLION = 1_000_000;
const PROGRAMS = 100;
const PER_DIRECTORY = 99;

/**
 * Audits and lists images with a growing number of entries, and prints the processor time and the largest memory of each
 * process. All images contain the same programs, so that only the number of other files differs.
 *
 * @param {string} node the path of Node
 * @param {string} root whose programs the images contain
 * @param {string} host the root for which they are audited
 * @param {boolean} withMillion also measures a million entries, the most that flix lists; such images take minutes to make
 */
export function benchFiles(node, root, host, withMillion) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  try {
    const measured = (withMillion ? [...SIZES, MILLION] : SIZES).flatMap(entries => {
      const tree = path.join(directory, 'tree');
      makeTree(tree, entries, root);
      const erofs = path.join(directory, 'erofs.raw');
      const squashfs = path.join(directory, 'squashfs.raw');
      run('mkfs.erofs', '--quiet', '--all-root', '-T0', '-zlz4hc,9', '-Eztailpacking', erofs, tree);
      run('mksquashfs', tree, squashfs, '-noappend', '-quiet', '-no-progress', '-all-root');
      rmSync(tree, { recursive: true });
      return [erofs, squashfs].flatMap(image =>
        [
          ['audit', image, '--host', host],
          ['list', image],
        ].map(command => {
          const { seconds, megabytes } = costOf(node, 'bin/flix.js', ...command);
          const what = `flix ${command[0]}, ${path.basename(image, '.raw')}`;
          return { what, entries, seconds, megabytes };
        }),
      );
    });
    for (const { what, entries, seconds, megabytes } of measured.sort((a, b) => (a.what < b.what ? -1 : 1)))
      console.log(
        `${`${what}, ${entries} entries`.padEnd(50)} ${seconds.toFixed(2)} s of processor time, ${megabytes} MB at most`,
      );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes an extension with a given number of entries: programs, a unit, links, and small files below directories of their own. */
function makeTree(tree, entries, root) {
  const at = (...names) => path.join(tree, 'usr', ...names);
  for (const place of ['bin', 'lib/extension-release.d', 'lib/systemd/system', 'share/many'])
    mkdirSync(at(place), { recursive: true });
  writeFileSync(at('lib/extension-release.d/extension-release.erofs'), 'ID=_any\n');
  writeFileSync(at('lib/systemd/system/many.service'), '[Service]\nExecStart=/usr/bin/env\n');
  const programs = largest(root, PROGRAMS);
  for (const program of programs) copyFileSync(root + program, at('bin', path.basename(program)));
  const others = entries - programs.length - 20;
  for (let made = 0; made < others; made++) {
    const parent = at('share/many', `${Math.floor(made / (PER_DIRECTORY + 1))}`);
    const number = made % (PER_DIRECTORY + 1);
    if (number === 0) mkdirSync(parent);
    else if (number === PER_DIRECTORY) symlinkSync('1', path.join(parent, 'link'));
    else writeFileSync(path.join(parent, `${number}`), `${made} `.repeat(1 + (made % 60)));
  }
}

function run(tool, ...args) {
  const { status, stderr, error } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${tool} ended with ${status}: ${stderr}`);
}

/** Returns the processor time and the largest memory of a command. Ignores its exit status, which depends on the findings. */
function costOf(...command) {
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const [user, system, kilobytes] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { seconds: user + system, megabytes: Math.round(kilobytes / 1024) };
}
