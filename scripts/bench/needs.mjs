import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { alternate, line } from './alternate.mjs';

/** What finds needs, and what takes its place in a build that finds none. */
const SEARCHES = [
  [
    'src/plan/bring-needs.ts',
    'export function bringNeeds(',
    'export const bringNeeds = () => [];\nvoid function (',
  ],
  [
    'src/needs/opened-names.ts',
    'export const openedNamesIn =',
    'export const openedNamesIn = () => [];\nvoid',
  ],
];

/**
 * Compares vendoring with and without the search for what programs need at run time, in processor time. No option turns the
 * search off, so this builds a flix that has none. What it does not bring, it does not copy either: the difference contains
 * both.
 *
 * @param {string} node
 * @param {{ name: string, root: string, program: string }[]} cases
 */
export function benchNeeds(node, cases) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const at = name => path.join(directory, name);
  try {
    buildWithoutNeeds(node, at('source'));
    for (const { name, root, program } of cases) {
      const vendor = (flix, what) => ({
        name: what,
        command: [node, flix, 'vendor', root, '--quiet', '--name', name, '--out', at('tree'), program],
        prepare: () => rmSync(at('tree'), { recursive: true, force: true }),
      });
      const result = alternate(
        vendor('bin/flix.js', `vendor ${name}`),
        vendor(at('source/bin/flix.js'), 'without needs'),
        { rounds: 7, clock: 'processor' },
      );
      console.log(
        `${line(result)}, +${(result.aMs.median - result.bMs.median).toFixed(0)} ms of processor time`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function buildWithoutNeeds(node, directory) {
  for (const part of ['src', 'scripts', 'bin', 'package.json'])
    cpSync(part, path.join(directory, part), { recursive: true });
  symlinkSync(path.resolve('node_modules'), path.join(directory, 'node_modules'));
  for (const [file, search, replacement] of SEARCHES) {
    const place = path.join(directory, file);
    const text = readFileSync(place, 'utf8');
    if (!text.includes(search)) throw new Error(`${file} has no “${search}”: adapt scripts/bench/needs.mjs`);
    writeFileSync(place, text.replace(search, replacement));
  }
  execFileSync(node, ['scripts/build.mjs'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
}
