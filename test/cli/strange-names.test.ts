import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import type { FileRecipe } from '../lab/fixture.ts';
import { has } from '../lab/requires.ts';
import { flix, LIB, makeRoot, small } from './flix.ts';

const at = scratch();

const strange = [
  'a b',
  'new\nline',
  `q'uo"te`,
  '$HOME',
  '$(touch pwned)',
  '`touch pwned`',
  '-dash',
  '--help',
  '*',
  '?[x]',
  'back\\slash',
  'ünï',
  'tab\there',
  'escape\u001b[2J',
  '#hash',
  '%s',
  ';',
  '~',
  'a=b',
];

function tree(extra: Readonly<Record<string, FileRecipe>> = {}): string {
  const files: Record<string, FileRecipe> = { ...extra };
  for (const name of strange) {
    files[`/usr/bin/${name}`] = {
      interp: '/lib64/ld-linux-x86-64.so.2',
      needed: ['libc.so.6', `lib${name}.so`],
      runpath: `$ORIGIN/../lib/${name}`,
    };
    files[`/usr/lib/${name}/lib${name}.so`] = { soname: `lib${name}.so` };
    files[`/usr/share/${name}/file`] = { text: name };
    files[`/usr/share/${name}/link`] = { link: name };
  }
  return makeRoot(at('tree'), files, 'none');
}

describe.runIf(has('loader:glibc', 'chroot'))(
  'names with blanks, line breaks, quotes, dollars, dashes',
  () => {
    it('survive a run into the tree and the manifest, and never reach a shell', async () => {
      makeRoot(at('staging'));
      tree();
      const result = await flix(
        ['vendor', 'tree', '--staging', 'staging', '--name', 'strange', '--out', 'out'],
        { cwd: at() },
      );
      expect(result.status, result.stderr).toBe(0);
      for (const text of [result.stdout, result.stderr]) expect(text).not.toContain('\u001b');
      expect(fs.readdirSync(at('out/usr/bin')).sort()).toEqual([...strange].sort());
      expect(fs.readdirSync(at()).sort()).toEqual(['out', 'staging', 'strange.proof.json', 'tree']);
      const { entries } = JSON.parse(fs.readFileSync(at('out/usr/local/strange/manifest.json'), 'utf8'));
      expect(entries).toEqual(strange.map(name => `/usr/bin/${name}`).sort());
    });

    it.each(['new\nline', '-dash', '$(touch pwned)', 'a b'])('are accepted as arguments: %j', async name => {
      const root = makeRoot(at('the root'), { ...small, [`/usr/bin/${name}`]: small['/usr/bin/app']! });
      const result = await flix(
        ['vendor', root, `/usr/bin/${name}:/usr/bin/${name}`, '--name', 'x', `--out=${at(name)}`],
        { cwd: at() },
      );
      expect(result).toMatchObject({ status: 0 });
      expect(fs.readdirSync(at(name, 'usr/bin'))).toEqual([name]);
      expect(fs.readdirSync(at()).sort()).toEqual([name, 'the root', 'x.proof.json'].sort());
    });

    it('include a root with a leading dash, after --', async () => {
      makeRoot(at('-root'));
      expect(
        await flix(['vendor', '--out', 'out', '--', '-root', '/usr/bin/app'], { cwd: at() }),
      ).toMatchObject({ status: 0 });
      const { stderr, status } = await flix(['vendor', '-root', '/usr/bin/app'], { cwd: at() });
      expect(stderr).toContain("unknown option '-root'");
      expect(status).toBe(2);
    });
  },
);

it('a message prints control characters in a name as escapes', async () => {
  const nasty = '/usr/bin/a\u001b]0;title\u0007\u001b[2J';
  const root = makeRoot(at('root'), {
    ...small,
    [nasty]: { interp: '/lib64/ld-linux-x86-64.so.2', needed: ['libgone\u001b[31m.so', 'libc.so.6'] },
    [`${LIB}/x`]: { text: '' },
  });
  for (const args of [
    ['vendor', root, nasty, '--name', 'x', '--out', at('out')],
    ['vendor', root, `${nasty}x`, '--out', at('out')],
  ]) {
    const { stderr, status } = await flix(args);
    expect(stderr).toContain('\\u{1b}[2J');
    expect(stderr).not.toContain('\u001b');
    expect(status).toBe(args.length > 6 ? 3 : 2);
  }
});

it.each(['flix', 'flatwrap'])('the summary in mode %s prints colours in a name as escapes', async mode => {
  const nasty = '/usr/bin/a\u001b[31mred';
  const root = makeRoot(at('root'), { ...small, [nasty]: small['/usr/bin/app']! });
  const args = ['vendor', root, nasty, '--name', 'x', '--out', at('out'), '--mode', mode, '--no-run'];
  const { stdout, stderr, status } = await flix(mode === 'flatwrap' ? [...args, '--trim'] : args);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toContain('a\\u{1b}[31mred');
  expect(stdout + stderr).not.toContain('\u001b');
});

it('a name that is not UTF-8 is reported as such', async () => {
  const root = makeRoot(at('tree'), { '/usr/bin/app': small['/usr/bin/app']! }, 'none');
  makeRoot(at('staging'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/usr/bad`), Buffer.from([0xff])]), 'x');
  const { stderr, status } = await flix(['vendor', root, '--staging', at('staging'), '--out', at('out')]);
  expect(stderr).toContain('/usr/bad\uFFFD of ');
  expect(stderr).toContain('has a name that is not valid UTF-8\n  Rename it or leave it out.');
  expect(status).toBe(2);
});
