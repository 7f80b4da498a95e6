import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { execa } from 'execa';
import { program } from '../../../test/lab/flix.ts';
import { hostBoundPlace, readCached, writeCached } from '../cache.ts';
import { stagingRoot } from '../roots.ts';
import { rows } from '../rows.ts';
import { type Case, type CaseResult, resultOfCase } from './case.ts';
import { cases } from './cases.ts';
import { hostBoundPage } from './table.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));

await new Command('host-bound')
  .description(
    'Vendors programs of Debian releases for given hosts, lets them work there, asks the loaders of the hosts, compares the ' +
      'extensions with what apt and ldd bring, and writes docs/host-bound-table.md. Results are cached for each case, so a ' +
      'run goes on where the last one stopped.',
  )
  .option('--only <names>', 'run these rows, separated by commas, again')
  .option(
    '--stale',
    'use results of earlier versions of flix and of this program for cases without a result of this one; the page says how many',
  )
  .action(async ({ only, stale }: { readonly only?: string; readonly stale?: boolean }) => {
    const names = only?.split(',');
    const results: CaseResult[] = [];
    let earlier = 0;
    for (const each of cases) {
      const staging = fs.realpathSync(
        await stagingRoot(
          each.release,
          rows.filter(row => row.releases?.includes(each.release) ?? true),
        ),
      );
      const isNamed = names?.includes(each.row.name) ?? false;
      const place = hostBoundPlace(each.row, each.release, each.hosts, staging);
      const find = () => [place, ...(stale ? earlierPlaces(place) : [])].find(file => fs.existsSync(file));
      if (isNamed || (!names && find() === undefined)) await run(each, staging, place);
      const known = find();
      if (known === undefined) continue;
      if (known !== place) earlier++;
      results.push(readCached(known) as CaseResult);
    }
    if (results.length === cases.length) await writePage(results, earlier);
    else
      console.log(
        `docs/host-bound-table.md is not written: ${results.length} of ${cases.length} cases have a result`,
      );
    process.exit();
  })
  .parseAsync();

/** Returns the places of earlier results of the same case, the newest first. */
function earlierPlaces(place: string): string[] {
  const directory = path.dirname(place);
  if (!fs.existsSync(directory)) return [];
  const start = path.basename(place).slice(0, -'0123456789abcdef.json'.length);
  return fs
    .readdirSync(directory)
    .filter(name => name.startsWith(start) && name.length === path.basename(place).length)
    .map(name => path.join(directory, name))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
}

async function run(each: Case, staging: string, place: string): Promise<void> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-host-bound-'));
  try {
    const result = await resultOfCase(each, { staging, scratch });
    writeCached(place, result);
    console.log(`${each.release} on ${each.hosts.join(' and ')}: ${each.row.name}: ${verdict(result)}`);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function verdict({ refused, made }: CaseResult): string {
  if (!made) return `refused: ${refused}`;
  const faults = [
    ...made.work.flatMap(({ host, works, reason }) => (works ? [] : [`does not work on ${host}: ${reason}`])),
    ...made.shadowed.map(file => `hides ${file}`),
    ...made.truth.wrong,
    ...made.truth.unneeded.map(file => `${file} is not needed`),
  ];
  return faults.length === 0 ? 'works' : faults.slice(0, 10).join('; ');
}

async function writePage(results: readonly CaseResult[], earlier: number): Promise<void> {
  const { stdout: version } = await execa(process.execPath, [program, '--version']);
  const { stdout: commit } = await execa('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: project });
  const file = path.join(project, 'docs/host-bound-table.md');
  const date = new Date().toISOString().slice(0, 10);
  fs.writeFileSync(file, hostBoundPage(results, { date, flix: `${version} (${commit})`, earlier }));
  await execa('npx', ['oxfmt', file], { cwd: project });
}
