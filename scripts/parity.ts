import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { parity, type ParityOptions, type Score } from '../test/lab/parity.ts';
import { isRootName, labRoot, rootSets } from '../test/lab/roots.ts';

const COLUMNS = ['files', 'absent', 'refused', 'set', 'literal', 'order', 'missing'] as const;
const SHOWN = 10;

await new Command('parity')
  .description('Compares `flix tree --all` with the loaders of a root. Exit status 1 if they differ.')
  .argument('<root...>', `directories, or lab roots: ${Object.keys(rootSets).join(', ')}`)
  .option('--sample <files>', 'ask about this many files only, spread evenly over all', Number)
  .option('--no-cache', 'ignore ld.so.cache')
  .action(async (roots: string[], options: ParityOptions) => {
    console.log(row(['root', ...COLUMNS, 'not asked', 'loader s', 'flix s']));
    for (const root of roots) {
      const directory = !existsSync(root) && isRootName(root) ? await labRoot(root) : root;
      report(root, await parity(directory, options));
    }
  })
  .parseAsync();

function report(root: string, { files, disagreements, notAsked, seconds }: Score): void {
  const counts = COLUMNS.map(column =>
    column === 'files' ? files : disagreements.filter(({ difference }) => difference === column).length,
  );
  console.log(row([root, ...counts, notAsked.length, seconds.loader.toFixed(1), seconds.flix.toFixed(1)]));
  for (const why of new Set(notAsked.map(({ why: reason }) => reason))) console.error(`  not asked: ${why}`);
  for (const { file, difference, truth, ours } of disagreements.slice(0, SHOWN)) {
    console.error(
      `  ${difference}: ${file}\n    loader: ${JSON.stringify(truth)}\n    flix:   ${JSON.stringify(ours)}`,
    );
  }
  if (disagreements.length > 0 || files === 0) process.exitCode = 1;
}

function row([root, ...cells]: readonly (string | number)[]): string {
  return `${String(root).padEnd(24)}${cells.map(cell => String(cell).padStart(10)).join('')}`;
}
