import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { imageOptions, vendorOptions } from '../../src/cli/option-table.ts';
import type { OptionRow } from '../../src/cli/options.ts';
import { flix } from './flix.ts';

describe('the help of flix', () => {
  it('groups the commands by purpose, and shows examples', async () => {
    const { stdout, status } = await flix(['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /Make extensions:\n  init .*\n  build .*\n  list-versions .*\n  stage .*\n  vendor .*\n  pack .*\n\nUnderstand programs:\n  tree [^]*\n\nInspect images:\n  verify /,
    );
    for (const name of Object.keys(commands)) expect(stdout).toContain(`\n  ${name} `);
    expect(stdout).toContain('\nExamples:\n  flix vendor ');
  });

  it.each([['help'], ['help', '--help'], ['-h']])('is the same for %s %s', async (...args) => {
    expect(await flix(args)).toEqual(await flix(['--help']));
  });

  it('is shown for a command and for a subcommand', async () => {
    for (const words of [['vendor'], ['host'], ['host', 'snapshot']]) {
      const help = await flix(['help', ...words]);
      expect(help).toMatchObject({ status: 0, stderr: '' });
      expect(help.stdout).toMatch(`Usage: flix ${words.join(' ')} [options]`);
      expect(await flix([...words, '--help'])).toEqual(help);
    }
  });

  it('prints the version for “version”, too', async () => {
    expect(await flix(['version'])).toEqual(await flix(['--version']));
  });
});

describe('the help of vendor', () => {
  it('lists every option under a heading, and the image options by reference', async () => {
    const { stdout } = await flix(['vendor', '--help=all']);
    for (const [key, { flags }] of Object.entries(vendorOptions))
      expect([key, stdout.includes(`\n  ${flags} `)]).toEqual([key, !Object.hasOwn(imageOptions, key)]);
    expect(stdout).toContain('What to take:\n  --package');
    expect(stdout).toContain('all image options of “flix pack”');
    expect(stdout).not.toContain('\nOptions:');
  });

  it('shows seldom options only with --help=all, and says how many there are', async () => {
    const rows = Object.entries<OptionRow>(vendorOptions);
    const seldom = rows.filter(([, row]) => row.seldom);
    const { stdout } = await flix(['help', 'vendor']);
    expect(stdout).toContain(`\n\nFor ${seldom.length} more options: flix vendor --help=all\n`);
    expect(stdout.split('\n').length).toBeLessThan(90);
    for (const [key, { flags, seldom: isSeldom }] of rows)
      if (!Object.hasOwn(imageOptions, key))
        expect([key, stdout.includes(`\n  ${flags} `)]).toEqual([key, !isSeldom]);
    // after --, it is an argument of the command
    const tried = await flix(['try', 'none', '--', 'x', '--help=all']);
    expect(tried).toMatchObject({ status: 2, stdout: '' });
  });

  it('leaves image options out of the help only', async () => {
    const { stderr, status } = await flix(['vendor', '--formt', 'ddi']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('Did you mean --format?')]);
  });
});
