import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/build/job.ts';
import type { PlanOptions } from '../../src/cli/extension-jobs.ts';
import { jobsOf } from '../../src/cli/recipe-jobs.ts';
import { githubMatrix, ninjaText } from '../../src/report/build-plan.ts';
import type { Recipe } from '../../src/cli/options.ts';

const options: PlanOptions = {
  out: 'build',
  directory: '/plan',
  native: 'x86-64',
  canRunOver: host => !host.endsWith('.profile'),
  tests: true,
  today: '2027-01-31',
};

const jobs = (recipe: Recipe, more: Partial<PlanOptions> = {}) =>
  jobsOf([{ file: '/plan/app.json', recipe }], { ...options, ...more });
const step = (list: readonly Job[], name: string) => list.filter(job => job.step === name);
const words = (list: readonly Job[], name: string) =>
  step(list, name).map(({ command }) => command.join(' '));

describe('the jobs of a recipe', () => {
  it('stage a source with its packages once, and give the root to vendor', () => {
    const list = jobs({ root: 'debian:bookworm', package: ['app'], stage: { include: ['more'] } });
    const [root] = step(list, 'stage');
    expect(root!.command.slice(0, 6).join(' ')).toBe('stage debian:bookworm --include more --include app');
    expect(root!.identity).toBe(`${root!.outputs[0]}/.flix-stage.json`);
    const [vendor] = step(list, 'vendor');
    expect(vendor!.command.join(' ')).toBe(
      `vendor ${root!.outputs[0]} --no-config --quiet --name app --out build/app/tree --package app`,
    );
    expect(vendor!.after).toEqual([root!.id]);
    const both = jobsOf(
      ['one', 'two'].map(name => ({
        file: name,
        recipe: { root: 'debian:bookworm', name, package: ['app'] },
      })),
      options,
    );
    expect(step(both, 'stage')).toHaveLength(1);
    expect(step(both, 'vendor')).toHaveLength(2);
  });

  it('pass every option as on the command line, with paths relative to the plan', () => {
    const list = jobs({
      root: '/plan/rootfs',
      name: 'app',
      paths: ['/usr/bin/app'],
      overlay: ['/plan/own', '/else/own'],
      dlopen: ['libx.so.1'],
      trim: false,
      excludeLib: ['-x=why'],
      strict: true,
      reloadManager: true,
      version: '3',
      fileContexts: '/plan/contexts',
    });
    expect(words(list, 'vendor')).toEqual([
      'vendor rootfs /usr/bin/app --no-config --quiet --name app --out build/app/tree --overlay own --overlay /else/own ' +
        '--exclude-lib=-x=why --dlopen libx.so.1 --strict --no-trim',
    ]);
    expect(step(list, 'vendor')[0]!.inputs).toEqual(['rootfs', 'own', '/else/own']);
    expect(words(list, 'pack')).toEqual([
      'pack build/app/tree --quiet --format ddi --output build/app/ddi/app.raw --version 3 --file-contexts contexts --reload-manager',
    ]);
    expect(step(list, 'pack')[0]!.inputs).toEqual(['contexts']);
  });

  it('make each format in a directory of its own, and publish the first', () => {
    const list = jobs({
      root: '/r',
      name: 'app',
      formats: ['erofs', 'tar', 'directory'],
      feed: '/plan/feed',
      feedUrl: 'https://example.org/',
      version: '1',
    });
    expect(step(list, 'pack').flatMap(({ outputs }) => outputs)).toEqual([
      'build/app/erofs/app.raw',
      'build/app/tar/app.tar',
      'build/app/directory/app',
    ]);
    expect(words(list, 'pack').map(text => text.includes('--feed feed'))).toEqual([true, false, false]);
  });

  it('make each architecture in a directory of its own, and test that of this machine', () => {
    const list = jobs({
      root: 'debian:trixie',
      package: ['app'],
      architectures: ['x86-64', 'arm64'],
      hosts: ['debian:trixie'],
      tests: [{ run: 'app' }],
    });
    expect(step(list, 'vendor').map(({ extension }) => extension)).toEqual(['app/x86-64', 'app/arm64']);
    expect(step(list, 'stage').filter(({ command }) => command.includes('arm64'))).toHaveLength(2);
    expect(new Set(step(list, 'try').map(({ extension }) => extension))).toEqual(new Set(['app/x86-64']));
  });

  it.each([{ architectures: ['amd64'] }, { arch: 'x86_64' }])(
    'test for this machine however its architecture is spelled: %j',
    named => {
      const list = jobs({ root: '/r', name: 'app', hosts: ['/host'], tests: [{ run: 'app' }], ...named });
      expect(step(list, 'try')).toHaveLength(2);
    },
  );

  it('run each test as each user over each host that has files', () => {
    const recipe = {
      root: '/r',
      name: 'app',
      hosts: ['/a/host', '/b/host', '/next.profile'],
      tests: [
        { run: ['cd /tmp', 'app'], prints: 'ok' },
        { run: 'app -x', user: ['1000'], status: 2 },
      ],
    };
    const list = jobs(recipe);
    expect(step(list, 'try').map(({ id }) => id)).toEqual([
      'app/try.1.host.root',
      'app/try.1.host.1000',
      'app/try.2.host.1000',
      'app/try.1.host.2.root',
      'app/try.1.host.2.1000',
      'app/try.2.host.2.1000',
    ]);
    expect(step(list, 'try')[0]!.command).toEqual([
      'try',
      'build/app/tree',
      '--host',
      '/a/host',
      '--staging',
      '/r',
      '--user',
      'root',
      '--prints',
      'ok',
      '--',
      'sh',
      '-ec',
      'cd /tmp\napp',
    ]);
    expect(words(list, 'try')[2]).toContain('--user 1000 --status 2');
    expect(words(list, 'audit')[0]).toContain('--host /a/host --host /b/host --host /next.profile');
    expect(step(jobs(recipe, { tests: false }), 'try')).toEqual([]);
  });

  it('test over each host, even if a directory has the name that flix makes up for another one', () => {
    const hosts = ['/a/host', '/b/host', '/c/host.2'];
    const list = jobs({ root: '/r', name: 'app', hosts, tests: [{ run: 'app', user: ['root'] }] });
    expect(step(list, 'try').map(({ command }) => command[3])).toEqual(hosts);
  });

  it('run tests with the staging roots of the extension, so that a report names what the program missed', () => {
    const list = jobs({
      root: 'debian:trixie',
      package: ['app'],
      staging: ['/more'],
      hosts: ['/host'],
      tests: [{ run: 'app' }],
    });
    const [root] = step(list, 'stage');
    const [attempt] = step(list, 'try');
    expect(attempt!.command.join(' ')).toContain(`--staging ${root!.outputs[0]} --staging /more --user root`);
    expect(attempt!.inputs).toEqual(['/host', '/more']);
    expect(attempt!.after).toEqual(['app/vendor', root!.id]);
  });

  it.each([
    [{ version: '1/2' }, 'the version "1/2" contains characters'],
    [{ feed: '/plan/feed', feedUrl: 'https://x/' }, 'an image in a feed needs a version'],
    [{ feed: '/plan/feed', feedUrl: 'https://x/', version: '1~2' }, 'systemd-sysupdate ignores images'],
    [{ feed: '/plan/feed', version: '1' }, 'the URL of the new feed /plan/feed is not known'],
    [{ feed: '/plan/feed', feedUrl: 'ftp://x/', version: '1' }, '--feed-url ftp://x/ is not an http'],
    [{ feed: '/plan/feed', feedUrl: 'https://x/', version: '1', instancesMax: '1' }, '--instances-max 1'],
    [{ feed: '/plan/feed', feedUrl: 'https://x/', version: '1', name: 'a b' }, '"a b" cannot be the name'],
    [{ gpgKey: 'me' }, '--feed-url, --instances-max and --gpg-key need --feed'],
  ])('are refused before anything runs for a version or feed that cannot be: %j', (more, says) => {
    const attempt = () => jobs({ root: '/r', name: 'app', ...more });
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'bad-recipe',
        message: expect.stringContaining(`/plan/app.json: ${says}`),
      }),
    );
  });

  it('take a path that begins with a hyphen as a path, not as an option of vendor', () => {
    const [vendor] = words(
      jobs({ root: '/r', name: 'app', paths: ['/usr/bin/app', '--force', '-v:/x'] }),
      'vendor',
    );
    expect(vendor).toContain('vendor /r /usr/bin/app ./--force ./-v:/x --no-config');
  });

  it('are the same for a recipe that is named twice', () => {
    const recipe = { root: '/r', name: 'app' };
    const twice = ['/plan/app.json', '/plan/./app.json'].map(file => ({ file, recipe }));
    expect(jobsOf(twice, options)).toEqual(jobs(recipe));
  });

  it('are refused for two recipes that make an extension of the same name', () => {
    const recipes = ['one', 'two'].map(name => ({
      file: `/plan/${name}.json`,
      recipe: { root: '/r', name: 'app', paths: [`/usr/bin/${name}`] },
    }));
    expect(() => jobsOf(recipes, options)).toThrow(
      '/plan/one.json and /plan/two.json both make the extension app',
    );
  });

  it('make a tree and an image for each host of "perHost", audited and tested over it alone', () => {
    const list = jobs({
      root: '/plan/r',
      name: 'app',
      host: ['/plan/12', '/plan/13'],
      hosts: ['/plan/12', '/plan/13', '/plan/14'],
      perHost: '10',
      version: '1',
      feed: '/plan/public',
      feedUrl: 'https://example.org/',
      tests: [{ run: 'app', user: ['root'] }],
    });
    expect(words(list, 'vendor')).toEqual(
      ['12', '13'].map(
        host =>
          `vendor r --no-config --quiet --name app --out build/app/${host}/tree --host ${host} --per-host 10`,
      ),
    );
    expect(words(list, 'pack')).toEqual([
      expect.stringMatching(/^pack build\/app\/12\/tree .*--feed public/),
      expect.stringMatching(/^pack build\/app\/13\/tree .*--feed public/),
    ]);
    expect(words(list, 'audit').map(text => text.match(/--host \S+/g))).toEqual([
      ['--host 12'],
      ['--host 13'],
    ]);
    expect(step(list, 'try').map(({ id }) => id)).toEqual(['app/12/try.1.12.root', 'app/13/try.1.13.root']);
  });

  it('audit again when an allowance expires', () => {
    const recipe = { root: '/r', name: 'app', allow: [{ finding: '*', reason: 'x', until: '2027-01-31' }] };
    const salt = (today: string) => step(jobs(recipe, { today }), 'audit')[0]!.salt;
    expect(salt('2027-01-30')).toBe(salt('2027-01-31'));
    expect(salt('2027-02-01')).not.toBe(salt('2027-01-31'));
  });

  it.each([
    [{ name: 'app' }, 'has no "root"'],
    [{ root: '/r', paths: ['/a', '/b'] }, 'has neither "name" nor "package"'],
    [{ root: '/r', name: '../../x' }, '/plan/app.json: "../../x" cannot be the name of an extension'],
    [{ root: '/r', name: 'app', perHost: '10' }, '/plan/app.json has "perHost", but no "host"'],
    [{ root: '/r', name: '' }, '/plan/app.json: "" cannot be the name of an extension: it is empty'],
    [{ root: '/r', package: ['a/../..'] }, '/plan/app.json: "a/../.." cannot be the name of an extension'],
    [{ root: '/r', name: 'app', architectures: ['../x'] }, '/plan/app.json: "../x" is not an architecture'],
    [{ root: '/r', name: 'app', architectures: ['armv7/../x'] }, 'is not an architecture'],
    [{ root: '/r', name: 'app', tests: [{ run: 'x', prints: '(' }] }, '/plan/app.json: tests[0].prints'],
    [
      { root: '/r', name: 'app', tests: [{ run: 'x'.repeat(131_072) }] },
      'tests[0].run is longer than 131071',
    ],
    [{ root: '/r', name: 'app', tests: [{ run: 'x', status: 256 }] }, '/plan/app.json: tests[0].status'],
  ])('are refused for %j', (recipe, message) => {
    expect(() => jobs(recipe)).toThrow(message);
  });
});

describe('a plan for other engines', () => {
  const list = jobs({
    root: 'debian:bookworm',
    package: ['app'],
    hosts: ['/host dir'],
    tests: [{ run: ['printf \'%s\' "$HOME"', 'app'] }],
  }).map(job => ({ ...job, key: `key of ${job.id}` }));

  it('quotes words for the shell and for Ninja', () => {
    const text = ninjaText(list, { program: 'node $X/flix.mjs', out: 'build' });
    expect(text).toContain('flix = node $$X/flix.mjs\n');
    expect(text).toMatch(/^build build\/\.done\/app\/audit: flix app\.json \/host\$ dir /m);
    expect(text).toContain(String.raw`sh -ec "$$(printf '%s\n' 'printf '\''%s'\'' "$$HOME"' app)"`);
    expect(text).toContain('> build/app/audit.json\n');
  });

  it('has a matrix entry for each extension, whose script makes the roots first', () => {
    const text = githubMatrix(list, { program: 'flix', out: 'build' });
    expect(text.trimEnd()).not.toContain('\n');
    const { include } = JSON.parse(text) as { include: { extension: string; run: string; path: string }[] };
    expect(include.map(({ extension }) => extension)).toEqual(['app']);
    expect(include[0]!.run).toMatch(
      /^set -e\n.*flix stage [^]*flix vendor [^]*flix pack [^]*flix audit [^]*flix try /,
    );
    expect(include[0]!.path.split('\n')).toContain('build/app/ddi/app.raw');
  });
});
