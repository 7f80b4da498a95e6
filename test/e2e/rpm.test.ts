import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { scratch } from '../io/scratch.ts';
import { program } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { recordPackages } from '../lab/rpm.ts';
import { parse, violations } from '../sbom/schema.ts';

const at = scratch();
const able = has('root', 'chroot', 'tool:gcc', 'tool:rpm', 'tool:rpmbuild', 'tool:ldconfig');
const LOADER = '/lib64/ld-linux-x86-64.so.2';
const USER = 1000;

const MAIN = `
#include <stdio.h>
int answer(void);
int main(void) {
  FILE *data = fopen("/usr/share/app/data", "r");
  char word[20] = "none";
  if (data) fscanf(data, "%19s", word);
  return !printf("library %d, data %s\\n", answer(), word);
}
`;

let made: string | undefined;
afterAll(() => fs.rmSync(made ?? '', { recursive: true, force: true }));

/** A copy of a root like that of Fedora. */
function fedora(): string {
  if (made === undefined) makeFedora((made = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-rpm-'))));
  execaSync('cp', ['-a', path.join(made, 'root'), at('fedora')]);
  return at('fedora');
}

/** Makes it: libraries of this machine in /usr/lib64, and a database of rpm. */
function makeFedora(work: string): void {
  const root = path.join(work, 'root');
  const inside = (name: string) => path.join(root, name);
  for (const name of ['usr/bin', 'usr/lib64', 'usr/share/app', 'usr/share/licenses/app', 'etc'])
    fs.mkdirSync(inside(name), { recursive: true });
  for (const name of ['bin', 'lib64']) fs.symlinkSync(`usr/${name}`, inside(name));
  const compile = (source: string, ...options: string[]) =>
    execaSync('gcc', ['-x', 'c', '-', ...options], { input: source });
  compile(
    'int answer(void) { return 42; }',
    '-shared',
    '-fPIC',
    '-Wl,-soname,libanswer.so.1',
    '-o',
    inside('usr/lib64/libanswer.so.1'),
  );
  compile(MAIN, '-o', inside('usr/bin/app'), `-L${inside('usr/lib64')}`, '-l:libanswer.so.1');
  for (const name of ['libc.so.6', 'libgcc_s.so.1']) {
    const { stdout } = execaSync('gcc', [`-print-file-name=${name}`]);
    fs.copyFileSync(stdout, inside(`usr/lib64/${name}`));
  }
  fs.copyFileSync(LOADER, inside(`usr${LOADER}`));
  fs.writeFileSync(inside('usr/share/app/data'), 'found');
  fs.writeFileSync(inside('usr/share/licenses/app/COPYING'), 'terms');
  fs.writeFileSync(inside('etc/app.conf'), 'setting');
  fs.writeFileSync(inside('etc/os-release'), 'ID=fedora\nVERSION_ID=41\nNAME="Fedora Linux"\n');
  fs.writeFileSync(inside('etc/ld.so.conf'), '/usr/lib64\n');
  execaSync('ldconfig', ['-r', root]);
  recordPackages(root, path.join(work, 'packages'), {
    app: {
      preamble: ['Epoch: 1', 'Requires: libanswer.so.1()(64bit), app-data'],
      files: ['/usr/bin/app', '%license /usr/share/licenses/app/COPYING', '%config /etc/app.conf'],
      sections: '%post\nuseradd app',
    },
    'app-data': { preamble: ['BuildArch: noarch'], files: ['/usr/share/app'] },
    answer: { preamble: ['Provides: libanswer.so.1()(64bit)'], files: ['/usr/lib64/libanswer.so.1'] },
    glibc: { files: ['/usr/lib64/libc.so.6', `/usr${LOADER}`] },
  });
}

const as = (user: number | undefined) =>
  user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];

/** Runs flix, perhaps as another user. */
async function flix(user: number | undefined, ...args: string[]) {
  const [first, ...rest] = [...as(user), process.execPath, program, ...args];
  return await execa(first!, rest, { cwd: at(), env: { HOME: at() }, reject: false });
}

describe.runIf(able)('a package of a root with a database of rpm', () => {
  it.each<[string, number | undefined]>([
    ['root', undefined],
    ...(has('userNamespace', 'tool:bwrap') ? [['an ordinary user', USER] as [string, number]] : []),
  ])('works in nothing but its tree, with its bill of materials, for %s', async (_, user) => {
    const root = fedora();
    const before = execaSync('find', [root, '-printf', '%p %m %s %T@ %l\\n']).stdout;
    fs.chmodSync(at(), 0o777);
    const packages = ['--package', 'app', '--package', 'app-data'];
    const { stderr, exitCode } = await flix(user, 'vendor', root, ...packages, '--sbom', '--out', at('tree'));
    expect(stderr).toContain('the post script of app is not run; it calls useradd');
    expect(exitCode).toBe(0);
    expect(execaSync('chroot', [at('tree'), '/usr/bin/app']).stdout).toBe('library 42, data found');
    expect(fs.readFileSync(at('tree/usr/share/factory/etc/app.conf'), 'utf8')).toBe('setting');

    const manifest = JSON.parse(fs.readFileSync(at('tree/usr/local/app/manifest.json'), 'utf8')) as Manifest;
    const origin = (file: string) => manifest.files.find(({ path: name }) => name === file)?.origin;
    expect(origin('/usr/local/app/lib/libanswer.so.1')).toMatchObject({
      path: '/usr/lib64/libanswer.so.1',
      package: 'answer',
      version: '1.2-3.fc41',
    });
    const text = fs.readFileSync(at('tree/usr/local/app/sbom.cdx.json'), 'utf8');
    expect(violations(text)).toEqual([]);
    const app = parse(text).components.find(({ name }) => name === 'app');
    expect(app).toMatchObject({
      version: '1:1.2-3.fc41',
      purl: 'pkg:rpm/fedora/app@1.2-3.fc41?arch=x86_64&distro=fedora-41&epoch=1&upstream=app-1.2-3.fc41.src.rpm',
      licenses: [{ license: { id: 'MIT' } }],
    });
    expect(fs.readFileSync(at('tree/usr/local/app/share/licenses/app/COPYING'), 'utf8')).toBe('terms');
    expect(execaSync('find', [root, '-printf', '%p %m %s %T@ %l\\n']).stdout).toBe(before);

    const needs = await flix(user, 'needs', '--root', root, '--package', 'app', '--json');
    expect(needs.stderr).toBe('');
    expect(needs.stdout).toContain('/usr/share/app/data');
  });

  it('is refused with what to install if rpm is missing; paths are taken without their packages', async () => {
    const root = fedora();
    const bin = at('bin');
    fs.mkdirSync(bin);
    const tools = ['chroot', 'setpriv', 'unshare', 'timeout', 'env', 'patchelf', 'flock', 'true', 'ldd'];
    for (const tool of tools) {
      const found = execaSync('which', [tool], { reject: false }).stdout;
      if (found) fs.symlinkSync(found, path.join(bin, tool));
    }
    // the fixed environment of tools adds the sbin directories, where rpm is not
    const run = (...args: string[]) =>
      execa(process.execPath, [program, 'vendor', root, ...args, '--out', at('tree')], {
        env: { PATH: bin },
        reject: false,
      });
    const refused = await run('--package', 'app');
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(
      'has a package database of rpm (/usr/lib/sysimage/rpm, sqlite), but rpm is not installed',
    );
    expect(refused.stderr).toContain('apt-get install rpm');
    expect((await run('/usr/bin/app', '--sbom')).exitCode).toBe(3);
    const taken = await run('/usr/bin/app');
    expect(taken.stderr).toContain('rpm is not installed');
    expect(taken.stderr).toContain('no file has a known package');
    expect(taken.exitCode).toBe(0);
  });

  it.each([
    ['is no database', (file: string) => fs.writeFileSync(file, 'no database')],
    ['is cut off', (file: string) => fs.truncateSync(file, 5000)],
    ['is empty', (file: string) => fs.truncateSync(file, 0)],
    ['is larger than any', (file: string) => fs.truncateSync(file, 2 ** 31)],
  ])('is refused with a reason if the database %s', async (_, damage) => {
    const root = fedora();
    damage(path.join(root, 'usr/lib/sysimage/rpm/rpmdb.sqlite'));
    const { stderr, exitCode } = await flix(undefined, 'vendor', root, '--package', 'app');
    expect(stderr).toMatch(/has a package database of rpm \(.*\), but rpm cannot read it: .+/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(2);
  });
});

describe.runIf(has('root', 'tool:setpriv'))('rpm', () => {
  it('runs without the rights, variables and files of the user, and leaves nothing behind', async () => {
    const bin = at('bin');
    fs.mkdirSync(bin);
    fs.chmodSync(at(), 0o755);
    const script = `#!/bin/sh
case $1 in --version) echo 'RPM version 4.18.0'; exit;; esac
{ id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; env; ls "$2"; : > "$2/written" && echo writes the copy
cat ${at('secret')}; touch ${at('touched')}; ls -d ~; } 2>&1
exit 0
`;
    fs.writeFileSync(path.join(bin, 'rpm'), script, { mode: 0o755 });
    fs.writeFileSync(at('secret'), 'secret', { mode: 0o600 });
    const root = at('root');
    fs.mkdirSync(path.join(root, 'var/lib/rpm'), { recursive: true });
    fs.mkdirSync(path.join(root, 'etc'));
    fs.writeFileSync(path.join(root, 'var/lib/rpm/rpmdb.sqlite'), 'x');
    fs.writeFileSync(path.join(root, 'etc/os-release'), 'ID=fedora\n');
    fs.mkdirSync(at('temporary'));
    fs.chmodSync(at('temporary'), 0o1777);
    const query = fileURLToPath(new URL('../io/query-rpm.ts', import.meta.url));
    const { stdout } = await execa('npx', ['tsx', query, path.join(root, 'var/lib/rpm/rpmdb.sqlite')], {
      env: { PATH: `${bin}:${process.env['PATH']}`, TMPDIR: at('temporary'), SECRET: 'variable' },
    });
    expect(stdout).toMatch(/^65534$/m);
    expect(stdout).toMatch(/^CapEff:\s+0+$/m);
    expect(stdout).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(stdout).toContain('writes the copy');
    expect(stdout).not.toContain('variable');
    expect(stdout).not.toMatch(/^secret$/m);
    expect(fs.existsSync(at('touched'))).toBe(false);
    expect(fs.readdirSync(at('temporary')).filter(name => name.startsWith('flix-'))).toEqual([]);
  });
});
