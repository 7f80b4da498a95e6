import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { openTerminal, TERM } from '../lab/terminal.ts';
import { flix, makeRoot, refusal, refused } from './flix.ts';
import { fileURLToPath } from 'node:url';

const at = scratch();
const bin = fileURLToPath(new URL('../../bin/flix.js', import.meta.url));

beforeEach(() => {
  makeRoot(at('root'));
});

const vendor = (...args: string[]) =>
  flix(['vendor', at('root'), '/usr/bin/app', '--no-run', ...args], { cwd: at() });

describe.runIf(has('loader:glibc'))('what a command prints', () => {
  it('is nothing with --quiet, except the document of --json', async () => {
    const quiet = await vendor('-q');
    expect(quiet).toEqual({ status: 0, stdout: '', stderr: '' });
    const { stdout, stderr } = await vendor('--quiet', '--json');
    expect([JSON.parse(stdout), stderr]).toMatchObject([{ schema: 'flix.vendor/1' }, '']);
    for (const args of [
      ['pack', 'app', '--format', 'directory', '-o', 'packed', '--name', 'app'],
      ['audit', 'app', '--fail-on', 'error'],
      ['host', 'snapshot', '--root', 'root', '-o', 'root.profile'],
    ])
      expect([args[0], await flix([...args, '-q'], { cwd: at() })]).toEqual([
        args[0],
        { status: 0, stdout: '', stderr: '' },
      ]);
  });

  it('has every step and every tool with --verbose, on standard error only', async () => {
    const { stdout, stderr } = await vendor('--verbose', '--json');
    expect(JSON.parse(stdout)).toHaveProperty('tree');
    expect(stderr).toMatch(/^\[1\/\d+\] writing \/usr\/bin\/app, requested$/m);
    expect(stderr).toMatch(/^proving$/m);
  });

  it.runIf(has('tool:mkfs.erofs'))('has the tools that pack runs with -v', async () => {
    await vendor('--name', 'app');
    const { stderr, status } = await flix(['pack', 'app', '--format', 'erofs', '-v'], { cwd: at() });
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^running mkfs\.erofs --/m)]);
  });

  it.runIf(has('tool:tmux'))('leaves nothing of the steps behind on a terminal', async () => {
    const socket = fs.mkdtempSync('/tmp/flix-');
    const command = [
      process.execPath,
      bin,
      'vendor',
      at('root'),
      '/usr/bin/app',
      '--no-run',
      '--out',
      at('out'),
    ];
    const terminal = await openTerminal(socket, ['env', `TERM=${TERM}`, ...command]);
    try {
      expect(await terminal.ended()).toBe(0);
      expect(await terminal.shows(/entries/)).not.toMatch(/proving|\[\d+\/\d+\]/);
    } finally {
      await terminal.close();
      fs.rmSync(socket, { recursive: true });
    }
  });
});

describe.runIf(has('loader:glibc'))('a recipe', () => {
  const recipe = (content: object, file = 'flix.json') => fs.writeFileSync(at(file), JSON.stringify(content));

  it('of the current directory is used, and vendor says for what', async () => {
    recipe({ name: 'foo', seal: 'none', dlopen: [], allow: [] });
    const { stderr } = await vendor('--seal', 'auto');
    expect(stderr).toContain('using ./flix.json: name, dlopen');
    expect(fs.existsSync(at('foo'))).toBe(true);
  });

  it('can be named with --config, and left out with --no-config', async () => {
    recipe({ name: 'foo' });
    recipe({ name: 'bar' }, 'other.json');
    expect((await vendor('--config', 'other.json')).stderr).toContain('using other.json: name');
    expect(fs.readdirSync(at())).toContain('bar');
    expect((await vendor('--no-config')).stderr).not.toContain('using');
    expect(fs.readdirSync(at())).toContain('app');
    expect(fs.readdirSync(at())).not.toContain('foo');
  });

  it('that is named has to exist', async () => {
    expect(refusal(await vendor('--config', 'none.json'), ['none.json: no such file'])).toEqual(refused(2));
    const audited = await flix(['audit', at('root'), '--policy', 'none.json'], { cwd: at() });
    expect(refusal(audited, ['none.json: no such file'])).toEqual(refused(2));
  });

  it.each([{ kernel: 'new' }, { seed: '1' }, { key: 'k.pem' }, { osVersionId: '12' }])(
    'gets the checks of the command line: %j is refused before the tree is made',
    async image => {
      recipe({ pack: true, ...image });
      const [key, value] = Object.entries(image)[0]!;
      const flag = `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
      const fromRecipe = await vendor();
      const fromFlags = await vendor('--no-config', '--pack', flag, value);
      const withoutUse = fromRecipe.stderr.replace(/^using .*\n/, '');
      expect({ ...fromRecipe, stderr: withoutUse }).toEqual(fromFlags);
      expect(fromFlags.status).toBe(2);
      expect(fs.existsSync(at('app'))).toBe(false);
    },
  );
});

describe('options that contradict each other', () => {
  it.each<[args: string[], says: string]>([
    [['vendor', 'root', '/usr/bin/app', '-q', '-v'], '--quiet contradicts --verbose'],
    [['pack', 'root', '--explain', '--json'], '--explain contradicts --json'],
    [['pack', 'root', '--explain', '-q'], '--explain contradicts --quiet'],
    [['audit', 'root', '--json', '--format', 'sarif'], '--json contradicts --format sarif'],
    [['audit', 'root', '--explain', 'leaks/dlopen'], '--explain, which audits nothing, contradicts root'],
    [['audit', '--json', '--explain', 'leaks/dlopen'], '--explain contradicts --json'],
    [
      ['tree', '--root', 'root', '/usr/bin/app', '--json', '--format', 'dot'],
      '--json contradicts --format dot',
    ],
  ])('are refused: %j', async (args, says) => {
    const result = await flix(args, { cwd: at() });
    expect(refusal(result, [says, 'Remove one of the two.'])).toEqual(refused(2));
    expect(result.stdout).toBe('');
  });

  it('are not --json and --format json', async () => {
    const args = ['tree', '--root', 'root', '/usr/bin/app', '--json', '--format', 'json'];
    expect(JSON.parse((await flix(args, { cwd: at() })).stdout)).toHaveProperty('schema', 'flix.tree/1');
  });
});
