import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { initCommand } from '../../src/cli/init.ts';
import { listVersionsCommand } from '../../src/cli/list-versions.ts';
import { stageCommand } from '../../src/cli/stage.ts';
import { readRecipe } from '../../src/cli/recipe-file.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { flix, makeRoot, small } from './flix.ts';
import { run } from './run.ts';

const at = scratch();
let root: string;

beforeEach(() => {
  root = makeRoot(at('root'), {
    ...small,
    '/usr/sbin/appd': small['/usr/bin/app']!,
    '/usr/lib/systemd/system/app.service': { text: '' },
    '/usr/lib/systemd/system/app@.service': { text: '' },
    '/var/lib/dpkg/status': {
      text:
        'Package: app\nVersion: 1.2-3\n\nPackage: meta\nVersion: 1\nDepends: libc6 | none, app (>= 1)\n\n' +
        'Package: data\nVersion: 1\n',
    },
    '/var/lib/dpkg/info/app.list': {
      text: '/usr/bin/app\n/usr/sbin/appd\n/usr/lib/systemd/system/app.service\n/usr/lib/systemd/system/app@.service\n/usr/bin/absent\n',
    },
  });
});

const init = (what: string, ...more: string[]) =>
  run(initCommand(), what, '--root', root, '--out', at('app.json'), ...more);

describe('flix init', () => {
  it('writes a recipe for a package that flix vendor accepts, and lists what it found', async () => {
    const { stdout, status } = await init('app');
    expect(status).toBe(0);
    expect(stdout.split('\n').map(line => line.trim())).toEqual([
      at('app.json'),
      `root      ${root}`,
      'package   app 1.2-3',
      'programs  /usr/bin/app, /usr/sbin/appd',
      'services  app.service',
      'test      app --version, as root and as an ordinary user: replace it with work that users do',
      `next      flix build ${at('app.json')}`,
      '',
    ]);
    expect(readRecipe(at('app.json'))).toEqual({ root, package: ['app'], tests: [{ run: 'app --version' }] });
    const planned = await flix(['vendor', '--config', at('app.json'), '--dry-run'], { cwd: at() });
    expect(planned.stdout).toContain('/usr/sbin/appd  entry');
  });

  it('tests the program that has the name of the package through a link of update-alternatives', async () => {
    makeRoot(root, {
      '/usr/bin/tool': { link: '/etc/alternatives/tool' },
      '/etc/alternatives/tool': { link: '/usr/bin/tool-tool' },
      '/usr/bin/aide': small['/usr/bin/app']!,
      '/usr/bin/tool-tool': small['/usr/bin/app']!,
      '/var/lib/dpkg/status': { text: 'Package: tool\nVersion: 1\n' },
      '/var/lib/dpkg/info/tool.list': { text: '/usr/bin/aide\n/usr/bin/tool-tool\n' },
    });
    expect((await init('tool')).status).toBe(0);
    expect(readRecipe(at('app.json'))['tests']).toEqual([{ run: 'tool --version' }]);
  });

  it('writes a recipe for a program, and names the extension after it', async () => {
    expect((await init('/usr/sbin/appd')).stdout).toContain('package   app 1.2-3');
    expect(readRecipe(at('app.json'))).toEqual({
      root,
      name: 'appd',
      paths: ['/usr/sbin/appd'],
      tests: [{ run: '/usr/sbin/appd --version' }],
    });
  });

  it.each([
    ['nothing', ['no package nothing is installed']],
    ['meta', ['the package meta has no program', 'with programs: app.', 'flix init app']],
    ['data', ['the package data has no program', 'Name a package with a program']],
    ['/usr/bin/nothing', ['/usr/bin/nothing is not a program of']],
    ['/usr/bin', ['/usr/bin is not a program of']],
  ])('refuses %s, and says what to do', async (what, says) => {
    const { stderr, status } = await init(what);
    for (const text of says) expect(stderr).toContain(text);
    expect(status).toBe(2);
    expect(fs.existsSync(at('app.json'))).toBe(false);
  });

  it('replaces an existing recipe only with --force', async () => {
    fs.writeFileSync(at('app.json'), 'mine');
    expect((await init('app')).stderr).toContain('exists already');
    expect(fs.readFileSync(at('app.json'), 'utf8')).toBe('mine');
    expect((await init('app', '--force')).status).toBe(0);
  });
});

describe('flix list-versions', () => {
  const recipe = (content: object) => fs.writeFileSync(at('app.json'), JSON.stringify(content));

  it('lists the version of a package in a root', async () => {
    recipe({ root, package: ['app'] });
    const { stdout } = await run(listVersionsCommand(), at('app.json'));
    expect(stdout).toBe(`app  1.2-3  ${root}\n`);
  });

  it.each([
    [{ package: ['app'] }, 'has no "root"'],
    [{ root: '/' }, 'has no "package"'],
  ])('refuses %j', async (content, message) => {
    recipe(content);
    expect((await run(listVersionsCommand(), at('app.json'))).stderr).toContain(message);
  });

  it.runIf(has('archive'))(
    'lists the versions that the archive of a release offers, and refuses a package that it lacks',
    async () => {
      recipe({ root: 'debian:bookworm', package: ['tilde'] });
      const { stdout } = await run(listVersionsCommand(), at('app.json'), '--json');
      const { versions } = JSON.parse(stdout) as {
        versions: { name: string; version: string; from: string }[];
      };
      expect(versions).toContainEqual({
        name: 'tilde',
        version: expect.stringMatching(/^1\./),
        from: expect.stringContaining('bookworm/main'),
      });
      recipe({ root: 'debian:bookworm', package: ['not-a-package'] });
      expect((await run(listVersionsCommand(), at('app.json'))).stderr).toContain(
        'the archive has no package not-a-package',
      );
    },
  );

  it.runIf(has('archive'))(
    'is what flix stage names for a version that the archive does not have',
    async () => {
      const { stderr, status } = await run(
        stageCommand(),
        'debian:bookworm',
        '--include',
        'tilde=9',
        '--out',
        at('stage'),
      );
      expect(stderr).toContain(
        'the archive has no version 9 of tilde\n  flix list-versions shows the versions that the archive offers a recipe.',
      );
      expect(status).toBe(2);
    },
  );
});
