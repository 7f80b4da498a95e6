import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { execa } from 'execa';
import { program } from '../../test/lab/flix.ts';
import { readCached, resultPlace, writeCached } from './cache.ts';
import { isGood, resultOf, type RowResult } from './result.ts';
import { otherHost, stagingRoot } from './roots.ts';
import { type KindOfRow, type Mode, modes, releases, type Release } from './row.ts';
import { rows } from './rows.ts';
import { compatibilityPage } from './table.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

interface Options {
  readonly only?: string;
  readonly release?: Release;
  readonly mode: Mode;
  readonly again?: boolean;
}

await new Command('compatibility')
  .description(
    'Vendors unmodified programs of Debian releases by their names, lets them work over the other release and alone, and ' +
      'writes docs/compatibility.md, once every row has a result in Flix mode. Results are cached for each row, so a run ' +
      'goes on where the last one stopped. What the work did with a tree is used again for the same tree, byte for byte, of ' +
      'another mode or build.',
  )
  .option('--only <names>', 'run only these rows, separated by commas')
  .option('--again', 'do not use results of earlier runs')
  .addOption(new Option('--release <name>', 'of one release').choices(releases))
  .addOption(new Option('--mode <mode>', 'of vendor').choices(modes).default('flix'))
  .action(async (options: Options) => {
    const { mode } = options;
    const only = options.only?.split(',');
    const results: RowResult[] = [];
    let isComplete = true;
    for (const release of releases) {
      const ofRelease = rows.filter(row => row.releases?.includes(release) ?? true);
      const wanted = (row: KindOfRow) =>
        (options.release ?? release) === release && (only?.includes(row.name) ?? true);
      const roots = { staging: await stagingRoot(release, ofRelease), host: await otherHost(release) };
      for (const row of ofRelease) {
        if (wanted(row)) report(await cached(row, release, mode, roots, options.again ?? false));
        for (const each of modes) {
          const known = readCached(resultPlace(row, release, each, roots)) as RowResult | undefined;
          if (known) results.push(known);
          else if (each === 'flix') isComplete = false;
        }
      }
    }
    if (isComplete) await writePage(results);
    else
      console.log(
        'docs/compatibility.md is not written: not every row has a result in Flix mode of this build of flix',
      );
    process.exit();
  })
  .parseAsync();

async function writePage(results: readonly RowResult[]): Promise<void> {
  const { stdout: version } = await execa(process.execPath, [program, '--version']);
  const { stdout: commit } = await execa('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: project });
  const page = compatibilityPage(results, {
    date: new Date().toISOString().slice(0, 10),
    flix: `${version} (${commit})`,
  });
  const file = path.join(project, 'docs/compatibility.md');
  fs.writeFileSync(file, page);
  await execa('npx', ['oxfmt', file], { cwd: project });
}

async function cached(
  row: KindOfRow,
  release: Release,
  mode: Mode,
  roots: { readonly staging: string; readonly host: string },
  again: boolean,
): Promise<RowResult> {
  const place = resultPlace(row, release, mode, roots);
  const known = again ? undefined : (readCached(place) as RowResult | undefined);
  if (known) return known;
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-compatibility-'));
  try {
    const result = await resultOf(row, release, mode, { ...roots, scratch }, again);
    writeCached(place, result);
    return result;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function report({ name, release, broken, attempts }: RowResult): void {
  const last = attempts.at(-1);
  const verdict =
    broken !== undefined
      ? `does not work in the staging root: ${broken}`
      : attempts.map(one => (isGood(one) ? 'works' : reasonOf(one))).join(' | ');
  const added = last && last.added.length > 0 ? ` with ${last.added.join(' ')}` : '';
  console.log(`${release} ${name}: ${verdict}${added}`);
}

function reasonOf({ status, printed, made }: RowResult['attempts'][number]): string {
  if (!made) return `vendor ended with ${status}: ${printed.trim().slice(-300)}`;
  return (['over', 'alone'] as const)
    .filter(place => !made[place].works || made[place].hostLibraries.length > 0)
    .map(place => `${place}: ${made[place].reason ?? ''} ${made[place].hostLibraries.join(' ')}`)
    .join('; ');
}
