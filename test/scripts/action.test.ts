import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { program } from '../lab/flix.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { install } from '../e2e/app.ts';
import { runComposite } from '../lab/composite-action.ts';
import { validateAction } from '@action-validator/core';

const at = scratch();
const action = '.github/actions/flix';

describe.runIf(has('tool:gcc', 'tool:mkfs.erofs'))('the action for GitHub', () => {
  const run = (more: Readonly<Record<string, string>> = {}) => {
    install(at('rootfs'));
    fs.mkdirSync(at('host/usr/lib'), { recursive: true });
    fs.writeFileSync(at('host/usr/lib/os-release'), 'ID=debian\nVERSION_ID=13\n');
    fs.writeFileSync(at('flix.json'), JSON.stringify({ root: 'rootfs', name: 'app', staging: ['/'] }));
    fs.writeFileSync(at('answers'), '');
    const env = {
      FLIX: program,
      RECIPE: 'flix.json',
      HOSTS: '\nhost\n',
      FAIL_ON: 'error',
      OUTPUT: 'made here',
      GITHUB_OUTPUT: at('answers'),
      ...more,
    };
    return execaSync('bash', [path.resolve(action, 'build-and-audit')], { cwd: at(), env, reject: false });
  };

  it('builds the image of a recipe, and writes its findings as SARIF and as a comment', () => {
    const { exitCode, stderr } = run();
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
    const answers = Object.fromEntries(
      fs
        .readFileSync(at('answers'), 'utf8')
        .trim()
        .split('\n')
        .map(line => line.split('=')),
    ) as Record<string, string>;
    expect(Object.keys(answers)).toEqual(['image', 'sarif', 'comment']);
    expect(fs.statSync(answers['image']!).size).toBeGreaterThan(0);
    const sarif = JSON.parse(fs.readFileSync(at(answers['sarif']!), 'utf8')) as { readonly version: string };
    expect(sarif.version).toBe('2.1.0');
    expect(fs.readFileSync(at(answers['comment']!), 'utf8')).toMatch(/app/);
  });

  it('ends with 1 if the audit has a finding, after it has written the results', () => {
    const { exitCode } = run({ FAIL_ON: 'info' });
    expect([exitCode, fs.readFileSync(at('answers'), 'utf8')]).toEqual([
      1,
      expect.stringContaining('sarif='),
    ]);
  });

  it('builds and audits in its own steps, as a runner of GitHub runs them from a checkout', () => {
    install(at('work/rootfs'));
    fs.mkdirSync(at('work/host/usr/lib'), { recursive: true });
    fs.writeFileSync(at('work/host/usr/lib/os-release'), 'ID=debian\nVERSION_ID=13\n');
    const recipe = { root: 'rootfs', name: 'app', staging: ['/'] };
    fs.writeFileSync(at('work/flix.json'), JSON.stringify(recipe));
    // the first step installs packages on the machine, and flix in its checkout; here both are installed
    fs.mkdirSync(at('bin'));
    for (const [name, text] of Object.entries({ sudo: 'echo "sudo $*"', npm: 'echo "npm $*"' }))
      fs.writeFileSync(at('bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const runSteps = (inputs: Readonly<Record<string, string>>) =>
      runComposite(path.resolve(action), inputs, {
        workspace: at('work'),
        env: { PATH: `${at('bin')}:${process.env['PATH']}` },
      });
    const { status, log, outputs, uses } = runSteps({ hosts: 'host\n' });
    expect([status, status === 0 ? '' : log]).toEqual([0, '']);
    expect(uses).toEqual([]);
    expect(log).toMatch(/^sudo apt-get install .*erofs-utils/m);
    expect(log).toMatch(/^npm ci --prefix .*\.github\/actions\/flix\/\.\.\/\.\.\/\.\.$/m);
    expect(Object.keys(outputs)).toEqual(['image', 'sarif', 'comment']);
    for (const file of Object.values(outputs))
      expect(fs.statSync(path.resolve(at('work'), file)).size).toBeGreaterThan(0);
    const failing = runSteps({ hosts: 'host', 'fail-on': 'info', output: 'other' });
    expect([failing.status, failing.outputs['sarif']]).toEqual([1, 'other/findings.sarif']);
  });

  it('has the form that GitHub requires', () => {
    const text = fs.readFileSync(path.join(action, 'action.yml'), 'utf8');
    expect(validateAction(text).errors).toEqual([]);
    expect(validateAction(text.replace('using: composite', 'using: shell')).errors).not.toEqual([]);
  });

  it('passes every variable that the script reads, and declares every input that it uses', () => {
    const text = fs.readFileSync(path.join(action, 'action.yml'), 'utf8');
    for (const name of ['FLIX', 'RECIPE', 'HOSTS', 'FAIL_ON', 'OUTPUT'])
      expect(text).toMatch(new RegExp(`^ {8}${name}: `, 'm'));
    for (const input of text.matchAll(/inputs\.([\w-]+)/g))
      expect(text).toMatch(new RegExp(`^ {2}${input[1]}:$`, 'm'));
  });
});
