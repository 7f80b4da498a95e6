import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { flix, picture } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const bin = fileURLToPath(new URL('../../bin/flix.js', import.meta.url));

/** Writes recipes for two extensions of programs of this machine. */
beforeEach(() => {
  const recipe = (name: string, more: object) =>
    fs.writeFileSync(at(`${name}.json`), JSON.stringify({ root: '/', name, formats: ['erofs'], ...more }));
  fs.mkdirSync(at('own/usr/share/truth'), { recursive: true });
  fs.writeFileSync(at('own/usr/share/truth/text'), '1\n');
  recipe('truth', {
    paths: ['/usr/bin/true', '/usr/bin/printf'],
    overlay: ['own'],
    formats: ['erofs', 'tar'],
  });
  recipe('number', { paths: ['/usr/bin/seq'], feed: 'feed', feedUrl: 'https://example.org/x', version: '1' });
});

const build = (...args: string[]) => flix(['build', 'truth.json', 'number.json', ...args], { cwd: at() });
/** Lists everything that was made, without the state of the runner. */
const made = (directory: string) =>
  picture(at(directory)).filter(line => !/^\.(?:jobs|done)|lock/.test(line));

describe.runIf(has('tool:mkfs.erofs', 'tool:patchelf'))('flix build', () => {
  it('builds recipes, then only what has changed', async () => {
    const first = await build();
    expect(first.stderr).toContain('truth/vendor:');
    expect(first.stdout).toMatch(/^truth +\S+ \S+, \S+ \S+ /m);
    expect(first.status).toBe(0);
    expect(fs.readFileSync(at('build/number/audit.json'), 'utf8')).toContain('"flix.audit/1"');
    expect(fs.readdirSync(at('feed'))).toContain('SHA256SUMS');
    const again = await build();
    expect(again.stderr).toBe('');
    expect(again.stdout).toMatch(/^truth .* unchanged$/m);
    fs.writeFileSync(at('own/usr/share/truth/text'), '2\n');
    const changed = await build('--json');
    const { extensions } = JSON.parse(changed.stdout) as {
      extensions: { name: string; jobs: { id: string; outcome: string }[] }[];
    };
    const outcomes = (name: string) =>
      new Set(extensions.find(found => found.name === name)!.jobs.map(({ outcome }) => outcome));
    expect(outcomes('truth')).toEqual(new Set(['done']));
    expect(outcomes('number')).toEqual(new Set(['unchanged']));
    expect(fs.readFileSync(at('build/truth/tree/usr/share/truth/text'), 'utf8')).toBe('2\n');
  });

  it.runIf(has('tool:ninja'))(
    'makes the same bytes as Ninja with its plan in another directory',
    async () => {
      expect((await build()).status).toBe(0);
      const feed = picture(at('feed'));
      const plan = await build('--plan', 'ninja', '--program', `${process.execPath} ${bin}`);
      fs.mkdirSync(at('elsewhere'));
      for (const name of ['truth.json', 'number.json', 'own'])
        fs.cpSync(at(name), at('elsewhere', name), { recursive: true });
      fs.writeFileSync(at('elsewhere/build.ninja'), plan.stdout);
      const ninja = () => execaSync('ninja', [], { cwd: at('elsewhere') }).stdout;
      expect(ninja()).toContain('truth/vendor');
      expect(made('elsewhere/build')).toEqual(made('build'));
      expect(picture(at('elsewhere/feed'))).toEqual(feed);
      expect(ninja()).toContain('no work to do');
    },
  );

  it.runIf(has('root', 'archive', 'tool:ninja', 'tool:setpriv'))(
    'makes the same bytes as two users with Ninja, who have one plan and no files in common',
    async () => {
      const recipe = { root: 'debian:bookworm', package: ['hello'], formats: ['erofs', 'tar'] };
      fs.copyFileSync(fileURLToPath(new URL('../../dist/flix.mjs', import.meta.url)), at('flix.mjs'));
      fs.chmodSync(at(), 0o755);
      const cloned = (name: string) => {
        fs.mkdirSync(at(name));
        fs.writeFileSync(at(name, 'hello.json'), JSON.stringify(recipe));
        return { cwd: at(name), env: { HOME: at(name), XDG_CACHE_HOME: at(name, 'cache') } };
      };
      const args = ['build', 'hello.json'];
      const one = await flix(args, cloned('one'));
      expect(one.status, one.stderr).toBe(0);
      const program = ['--program', `${process.execPath} ${at('flix.mjs')}`];
      const plan = await flix([...args, '--plan', 'ninja', ...program], { cwd: at('one') });
      for (const [i, name] of ['two', 'three'].entries()) {
        const options = cloned(name);
        fs.writeFileSync(at(name, 'build.ninja'), plan.stdout);
        execaSync('chown', ['-R', `${1000 + i}`, at(name)]);
        const user = ['--reuid', `${1000 + i}`, '--regid', '1000', '--clear-groups', '--', 'ninja'];
        expect(execaSync('setpriv', user, options).stdout).toContain('hello/vendor');
        expect(picture(at(name, 'build/hello'))).toEqual(picture(at('one/build/hello')));
        expect(fs.readdirSync(at(name, 'cache'))).toEqual(['flix']);
      }
    },
  );

  it('prints the same plan, with the same keys, in another directory', async () => {
    const plan = await build('--plan', 'json');
    const { jobs } = JSON.parse(plan.stdout) as { jobs: { id: string; command: string[]; key: string }[] };
    expect(jobs.map(({ id }) => id)).toEqual([
      'truth/vendor',
      'truth/pack.erofs',
      'truth/pack.tar',
      'truth/audit',
      'number/vendor',
      'number/pack.erofs',
      'number/audit',
    ]);
    expect(plan.stdout).not.toContain(at());
    fs.mkdirSync(at('elsewhere'));
    for (const name of ['truth.json', 'number.json', 'own'])
      fs.cpSync(at(name), at('elsewhere', name), { recursive: true });
    const args = ['build', 'truth.json', 'number.json', '--plan', 'json'];
    expect((await flix(args, { cwd: at('elsewhere') })).stdout).toBe(plan.stdout);
  });

  it('has other keys for other code of the same version, and the same ones for both forms of the program', () => {
    const keysOf = (program: string) => {
      const { stdout } = execaSync(process.execPath, [program, 'build', 'truth.json', '--plan', 'json'], {
        cwd: at(),
      });
      return (JSON.parse(stdout) as { jobs: { key: string }[] }).jobs.map(({ key }) => key);
    };
    const built = fileURLToPath(new URL('../../dist/flix.mjs', import.meta.url));
    const code = fs.readFileSync(built, 'utf8');
    const [digest] = /[0-9a-f]{16}(?=["'`])/.exec(code.slice(code.indexOf('versionOfCode')))!;
    fs.writeFileSync(at('other.mjs'), code.replace(digest, '0'.repeat(16)));
    const keys = keysOf(built);
    expect(keysOf(bin)).toEqual(keys);
    expect(keysOf(at('other.mjs'))).not.toEqual(keys);
  });

  it('names the job that failed and the cause, skips the jobs that need it, and builds the rest', async () => {
    fs.writeFileSync(
      at('truth.json'),
      JSON.stringify({ root: '/', name: 'truth', paths: ['/usr/bin/not-there'] }),
    );
    const { stderr, stdout, status } = await build();
    expect(stderr).toMatch(
      /truth\/vendor: failed \(exit status 2, [^]*\/usr\/bin\/not-there[^]*flix vendor \/ /,
    );
    expect(stderr).toContain('truth/pack.ddi: skipped, because a job that it needs has failed');
    expect(stdout).toMatch(/^number +\S+ .B /m);
    expect(status).toBe(2);
  });

  it('shows no image and no findings of an earlier build beside a job that failed', async () => {
    expect((await build()).status).toBe(0);
    fs.writeFileSync(
      at('truth.json'),
      JSON.stringify({ root: '/', name: 'truth', formats: ['erofs'], paths: ['/usr/bin/not-there'] }),
    );
    expect((await build()).stdout).toMatch(/^truth +– +– +– /m);
    const { extensions } = JSON.parse((await build('--json')).stdout) as {
      extensions: { name: string; images: { bytes: number | null }[]; findings: object | null }[];
    };
    const truth = extensions.find(({ name }) => name === 'truth')!;
    expect(truth.images.map(({ bytes }) => bytes)).toEqual([null]);
    expect(truth.findings).toBeNull();
  });

  it('prints the command of a job that failed as a shell takes it', async () => {
    fs.writeFileSync(
      at('truth.json'),
      JSON.stringify({ root: '/', name: 'truth', paths: ["/usr/bin/it's not\nthere"] }),
    );
    const { stderr } = await build();
    expect(stderr).toContain(
      String.raw`  flix vendor / "$(printf '%s\n' '/usr/bin/it'\''s not' there)" --no-config --quiet --name truth --out build/truth/tree`,
    );
  });

  it('refuses a host that does not exist, before anything runs', async () => {
    fs.writeFileSync(
      at('truth.json'),
      JSON.stringify({
        root: '/',
        name: 'truth',
        paths: ['/usr/bin/true'],
        hosts: ['absent'],
        tests: [{ run: 'true' }],
      }),
    );
    const { stderr, status } = await build();
    expect(stderr).toContain('flix: absent: no such file or directory\n  Check “hosts” of the recipe');
    expect(status).toBe(2);
    expect(fs.existsSync(at('build'))).toBe(false);
  });

  it('refuses a bad recipe before it runs anything', async () => {
    fs.writeFileSync(at('truth.json'), JSON.stringify({ root: '/', test: [{ run: 'true' }] }));
    const { stderr, status } = await build();
    expect(stderr).toContain('truth.json: unknown key "test"\n  Did you mean "tests"?');
    expect(status).toBe(2);
    expect(fs.existsSync(path.join(at(), 'build'))).toBe(false);
  });
});
