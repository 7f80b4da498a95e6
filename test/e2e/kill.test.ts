import fs from 'node:fs';
import os from 'node:os';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { LIB, makeRoot, picture, small } from '../cli/flix.ts';
import { has } from '../lab/requires.ts';
import { waitFor } from '../lab/wait.ts';
import { makeKeys } from '../pack/keys.ts';
import { type Ended, inScratch, Run } from './flix-process.ts';

const app = '/usr/bin/app';
/** For a hundred runs on a busy machine. */
const LONG_MS = 900_000;
/** On another file system than the trees and TMPDIR, because a rename cannot cross file systems. */
const ELSEWHERE = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
const files = {
  ...small,
  '/usr/share/first/file': { text: 'first' },
  '/usr/share/second/file': { text: 'second' },
};

/** A directory and two commands that each make a different result in it. */
interface Target {
  readonly directory: string;
  /** Puts the directory into the state from which a run starts. */
  readonly prepare: (which: 0 | 1) => Promise<void> | void;
  /** The commands that make the two results. */
  readonly commands: readonly [string[], string[]];
  /** Files are replaced one by one, so a killed run may leave old ones beside new ones. */
  readonly separately?: boolean;
  /** A file that is replaced after the result, so a killed run may leave the old one or none beside the new result. */
  readonly last?: string;
}

async function succeed(command: readonly string[]): Promise<Ended> {
  const ended = await new Run(command).ended;
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  return ended;
}

/** Kills `times` runs at moments spread over their length, and checks the directory after each kill and after the next run. */
async function killRuns(
  { directory, prepare, commands, separately = false, last }: Target,
  times: number,
): Promise<number> {
  const results: string[][] = [];
  const before: string[][] = [];
  let length = 0;
  for (const which of [0, 1] as const) {
    await prepare(which);
    before[which] = picture(directory);
    length = (await succeed(commands[which])).ms;
    results[which] = picture(directory);
  }
  expect(results[0]).not.toEqual(results[1]);
  let killed = 0;
  for (let tries = 0; killed < times; tries++) {
    expect(tries, 'runs end before they are killed').toBeLessThan(3 * times + 30);
    const which = (tries % 2) as 0 | 1;
    await prepare(which);
    const moment = length * (0.3 + (0.7 * (killed + Math.random())) / times);
    const ended = await new Run(commands[which]).killAfter(moment);
    if (ended.signal === 'SIGKILL') killed++;
    else length = ended.ms;
    const left = picture(directory);
    const repairable = left.some(line => /^\.[^/]*\.flix-old\//.test(line));
    const states = [before[which]!, results[which]!].map(visible);
    if (separately)
      expect(states.flat(), `killed after ${moment} ms`).toEqual(expect.arrayContaining(visible(left)));
    else if (!repairable) {
      const isLast = (line: string) => last !== undefined && line.startsWith(`${last} `);
      const withoutLast = (lines: readonly string[]) => lines.filter(line => !isLast(line));
      expect(states.map(withoutLast), `killed after ${moment} ms`).toContainEqual(withoutLast(visible(left)));
      expect(states.flat(), `killed after ${moment} ms`).toEqual(
        expect.arrayContaining(left.filter(line => isLast(line))),
      );
    }
    await succeed(commands[which]);
    expect(picture(directory), `killed after ${moment} ms`).toEqual(results[which]);
  }
  return killed;
}

/** Leaves out the files that a run keeps beside its output while it works. */
function visible(lines: readonly string[]): string[] {
  return lines.filter(line => !/^\.[^/]*\.flix-/.test(line));
}

describe.runIf(has('loader:glibc', 'chroot'))(
  'kill -9 at any moment leaves the old result, the new one, or a state that the next run repairs',
  () => {
    it.concurrent('of vendor when --out names an earlier result', () =>
      inScratch(async at => {
        const root = makeRoot(at('root'), files);
        fs.mkdirSync(at('place'));
        const command = (share: string) => [
          'vendor',
          root,
          app,
          share,
          '--name',
          'x',
          '--out',
          at('place/out'),
          '--quiet',
        ];
        const commands: [string[], string[]] = [command('/usr/share/first'), command('/usr/share/second')];
        await succeed(commands[1]);
        const target = { directory: at('place'), prepare: () => {}, commands, last: 'x.proof.json' };
        expect(await killRuns(target, 18)).toBe(18);
      }));

    it.concurrent('of vendor in place', () =>
      inScratch(async at => {
        const staging = makeRoot(at('staging'));
        fs.mkdirSync(at('place'));
        const command = ['vendor', at('place/tree'), '--staging', staging, '--name', 'x', '--quiet'];
        const prepare = (which: 0 | 1) => {
          fs.rmSync(at('place'), { recursive: true });
          makeRoot(
            at('place/tree'),
            {
              [app]: small[app]!,
              [`/usr/share/${which}/file`]: { text: 'x' },
              [`${LIB.replace('/lib', '/usr/lib')}/libown.so`]: { soname: 'libown.so' },
            },
            'none',
          );
        };
        const commands: [string[], string[]] = [command, command];
        const target = { directory: at('place'), prepare, commands, last: 'x.proof.json' };
        expect(await killRuns(target, 16)).toBe(16);
      }));

    it.runIf(has('tool:mkfs.erofs', 'tool:veritysetup', 'tool:sfdisk', 'tool:openssl')).concurrent.each([
      ['a signed DDI', 'ddi', 30],
      ['an erofs image and the files beside it', 'erofs', 14],
      ['a directory', 'directory', 6],
    ] as const)(
      'of pack when it replaces %s',
      (_, format, times) =>
        inScratch(at =>
          inScratch(async place => {
            const trees = ['first', 'second'].map(content =>
              makeRoot(
                at(content),
                {
                  '/usr/lib/extension-release.d/extension-release.x': { text: 'ID=_any\n' },
                  '/usr/share/x/file': { text: content },
                },
                'none',
              ),
            );
            const keys = makeKeys(at('keys'));
            const signed = ['--key', keys.key, '--certificate', keys.certificate];
            const block = format !== 'directory';
            const output = place(block ? 'x.raw' : 'x');
            const options = [
              '--name',
              'x',
              '--quiet',
              ...(block ? ['--arch', 'x86-64', ...signed] : ['--force']),
            ];
            const command = (tree: string) => ['pack', tree, '--format', format, '-o', output, ...options];
            const commands: [string[], string[]] = [command(trees[0]!), command(trees[1]!)];
            await succeed(commands[1]);
            const target = { directory: place(), prepare: () => {}, commands, separately: block };
            expect(await killRuns(target, times)).toBe(times);
            if (!block) return;
            const checked = execaSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: place() });
            expect(checked.stdout.split('\n')).toContain('x.raw: OK');
          }, ELSEWHERE),
        ),
      LONG_MS,
    );
  },
);

describe.runIf(has('loader:glibc', 'chroot'))(
  'an interrupted run ends without waiting for its tools and leaves nothing behind',
  () => {
    /** Makes tools that run for an hour and write their process id to `directory`/pid. Returns an environment to find them. */
    function slowTools(directory: string): Record<string, string> {
      fs.mkdirSync(directory);
      for (const tool of ['chroot', 'unshare'])
        fs.writeFileSync(
          `${directory}/${tool}`,
          `#!/bin/sh\necho $$ > '${directory}/pid'\nexec sleep 3600\n`,
          {
            mode: 0o755,
          },
        );
      return { PATH: `${directory}:${process.env['PATH']}` };
    }

    it.each([
      ['SIGINT', 'flix', 130],
      ['SIGINT', 'group', 130],
      ['SIGTERM', 'flix', 143],
    ] as const)('on %s to the %s while a tool runs', (signal, to, status) =>
      inScratch(async at => {
        const root = makeRoot(at('root'));
        fs.mkdirSync(at('place'));
        const env = slowTools(at('tools'));
        const run = new Run(['vendor', root, app, '--out', at('place/out')], env);
        await waitFor(
          () => fs.existsSync(at('tools/pid')) && fs.readFileSync(at('tools/pid'), 'utf8').endsWith('\n'),
        );
        expect(fs.readdirSync(at('place'))).toContainEqual(expect.stringMatching(/^\.out\.flix-new-/));
        const tool = Number(fs.readFileSync(at('tools/pid'), 'utf8'));
        run.signal(signal, to);
        // the tool would keep it for an hour
        expect(await run.ended).toMatchObject({ status, signal: null });
        expect(fs.readdirSync(at('place'))).toEqual([]);
        await waitFor(() => !fs.existsSync(`/proc/${tool}`));
      }),
    );

    it.runIf(has('tool:setpriv'))('on SIGKILL to the flix build that started it', () =>
      inScratch(async at => {
        const recipe = { root: makeRoot(at('root')), name: 'x', paths: [app], formats: ['directory'] };
        fs.writeFileSync(at('x.json'), JSON.stringify(recipe));
        const run = new Run(['build', at('x.json'), '--out', at('place')], slowTools(at('tools')));
        await waitFor(
          () => fs.existsSync(at('tools/pid')) && fs.readFileSync(at('tools/pid'), 'utf8').endsWith('\n'),
        );
        const left = () => fs.readdirSync(at('place/x'));
        expect(left()).toContainEqual(expect.stringMatching(/^\.tree\.flix-new-/));
        const tool = Number(fs.readFileSync(at('tools/pid'), 'utf8'));
        run.signal('SIGKILL');
        await run.ended;
        await waitFor(() => !fs.existsSync(`/proc/${tool}`));
        await waitFor(() => left().length === 0);
      }),
    );

    it('on SIGINT while it writes the tree', () =>
      inScratch(async at => {
        const root = makeRoot(at('root'));
        fs.mkdirSync(at('place'));
        // with these tools it cannot end before the signal arrives
        const run = new Run(['vendor', root, app, '--out', at('place/out')], slowTools(at('tools')));
        await waitFor(() => fs.readdirSync(at('place')).some(name => name.startsWith('.out.flix-new-')));
        run.signal('SIGINT');
        expect(await run.ended).toMatchObject({ status: 130 });
        expect(fs.readdirSync(at('place'))).toEqual([]);
      }));
  },
);
