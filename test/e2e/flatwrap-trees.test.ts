import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/manifest/manifest.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { inMergedHost } from '../lab/flatwrap/merged-host.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';

const at = scratch();
const roots = new Map<RootName, string>();
const MB = 1000 * 1000;

const vendor = (...argv: string[]) => flix('vendor', '--mode', 'flatwrap', ...argv);

/** The size of all files below a directory, in bytes. */
function sizeOf(directory: string): number {
  const entries = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + fs.statSync(path.join(parentPath, name)).size, 0);
}

function manifestOf(tree: string, name: string): Manifest {
  return JSON.parse(fs.readFileSync(path.join(tree, 'usr/local', name, 'manifest.json'), 'utf8')) as Manifest;
}

/** Turns a wrapped tree into one as the first generation of scripts made it. */
function firstGeneration(tree: string, wrapper: string): void {
  const prefix = '/usr/local/app';
  const own = (file: string) => path.join(tree, prefix, file);
  for (const file of ['manifest.json', 'enter', 'try', 'fstab', 'fstab.no-cache', 'ld.so.cache', 'etc'])
    fs.rmSync(own(file), { recursive: true });
  fs.mkdirSync(own('mount-dir'));
  const script = (file: string, line: string) =>
    fs.writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  const view = `\${FLATWRAP_ROOT-}${prefix}/mount-dir`;
  const shown = ['/dev', '/etc', '/proc', '/sys', '/tmp'].map(directory => [directory, directory]);
  const staged = ['lib', 'lib64', 'usr'].map(name => [`\${FLATWRAP_ROOT-}${prefix}//${name}`, `/${name}`]);
  const binds = [...staged, ...shown].map(
    ([from, to]) => `mkdir -p ${view}/${to} && mount --rbind ${from} ${view}/${to} &&`,
  );
  script(
    own('unshare-helper'),
    `mount -t tmpfs tmpfs "${view}" && ${binds.join(' ')} exec unshare --root "${view}" --wd / "$@"`,
  );
  script(
    path.join(tree, wrapper),
    `exec unshare -m "\${FLATWRAP_ROOT-}${prefix}/unshare-helper" "${wrapper}" "$@"`,
  );
}

async function onHost(host: RootName, tree: string, script: string): Promise<string> {
  for (const name of ['at', 'data']) fs.mkdirSync(at(name), { recursive: true });
  const [program, ...options] = inMergedHost({ host: roots.get(host)!, layers: [tree], scratch: at() }, [
    'sh',
    '-c',
    script,
  ]);
  const { stdout, stderr, exitCode } = await execa(program!, options, { reject: false });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

describe.runIf(has('root', 'mountNamespace', 'archive'))('a wrapped tree', () => {
  beforeAll(async () => {
    for (const name of ['apps-bookworm', 'split-bookworm', 'host-trixie'] as const)
      roots.set(name, fs.realpathSync(await labRoot(name)));
  });

  it('of btop alone is much smaller than the whole root and runs just as well', async () => {
    const root = roots.get('apps-bookworm')!;
    for (const trim of ['--trim', '--no-trim']) {
      const tree = at(trim, 'btop');
      await vendor(root, trim, '--out', tree, '/usr/bin/btop');
      expect(await onHost('host-trixie', tree, 'btop --version')).toMatch(/^btop version/);
    }
    expect(sizeOf(at('--trim'))).toBeLessThan(20 * MB);
    expect(sizeOf(at('--no-trim'))).toBeGreaterThan(150 * MB);
    expect(manifestOf(at('--no-trim/btop'), 'btop').view?.staged).toBe('whole root');
  });

  it('of a root that is not usr-merged gets the chroot form', async () => {
    const tree = at('bash');
    await vendor(roots.get('split-bookworm')!, '--trim', '--out', tree, '/bin/bash');
    expect(manifestOf(tree, 'bash').view).toMatchObject({
      form: 'chroot',
      because: 'debian 12 is not usr-merged: /bin is a separate directory',
    });
    const script = 'cd /etc && exec /usr/bin/bash -c "echo \\$BASH_VERSION; pwd"';
    expect(await onHost('host-trixie', tree, script)).toBe('5.2.15(1)-release\n/etc');
  });

  it('records where each file comes from, and has no edited file', async () => {
    const tree = at('vim');
    const { stdout } = await vendor(roots.get('apps-bookworm')!, '--trim', '--out', tree, '/usr/bin/vim');
    expect(stdout).toMatch(/closures confirmed by the staged loader/);
    expect(JSON.parse(fs.readFileSync(at('vim.proof.json'), 'utf8'))).toMatchObject({ loader: 'asked' });
    const { mode, entries, files, view } = manifestOf(tree, 'vim');
    expect({ mode, entries }).toEqual({
      mode: 'flatwrap',
      entries: ['/usr/bin/vim'],
    });
    const copies = files.filter(({ sha256 }) => sha256);
    expect(copies.filter(({ sha256, edits }) => edits || sha256!.before !== sha256!.after)).toEqual([]);
    expect(files.find(file => file.path === '/usr/local/vim/usr/bin/vim.basic')?.origin).toMatchObject({
      root: 'debian 12',
      path: '/usr/bin/vim.basic',
      package: 'vim',
    });
    expect(view?.needs.map(({ program }) => program)).toContain('/usr/bin/unshare');
    const audited = await flix('audit', tree, '--host', roots.get('host-trixie')!);
    expect(audited.stdout).toMatch(/^no findings/);
  });

  it.each([
    ['overmount', 'apps-bookworm', '/usr/bin/btop', 'libstdc++.so.6'],
    ['chroot', 'split-bookworm', '/bin/bash', 'libtinfo.so.6'],
    ['first generation', 'apps-bookworm', '/usr/bin/btop', 'libstdc++.so.6'],
  ] as const)(
    '(%s) lacks for the audit what its own loader does not find',
    async (form, name, entry, library) => {
      const tree = at('app');
      await vendor(roots.get(name)!, '--trim', '--name', 'app', '--out', tree, entry);
      const wrapper = `/usr/bin/${path.basename(entry)}`;
      if (form === 'first generation') firstGeneration(tree, wrapper);
      else expect(manifestOf(tree, 'app').view?.form).toBe(form);
      const errors = async () => {
        const argv = ['audit', tree, '--json', '--host', roots.get('host-trixie')!];
        const { stdout } = await flix(...argv).catch((error: { stdout: string }) => error);
        const { findings } = JSON.parse(stdout) as AuditDocument;
        return findings.flatMap(({ severity, kind, subject, culprit }) =>
          severity === 'error' && kind !== 'promises/changed-file' ? [{ kind, subject, culprit }] : [],
        );
      };
      expect(await errors()).toEqual([]);
      expect(await onHost('host-trixie', tree, `${wrapper} --version`)).toMatch(/version/);
      for (const file of fs.readdirSync(tree, { recursive: true, encoding: 'utf8' }))
        if (path.basename(file).startsWith(library)) fs.rmSync(path.join(tree, file), { force: true });
      expect(await errors()).toEqual([
        {
          kind: 'missing/library',
          subject: expect.stringMatching(`^/usr/local/app/.*${path.basename(entry)}$`) as string,
          culprit: library,
        },
      ]);
      const said = await onHost('host-trixie', tree, `! ${wrapper} --version 2>&1`);
      expect(said).toContain(`error while loading shared libraries: ${library}`);
    },
  );

  it('is the same after a second run, and so is its image', async () => {
    const argv = [
      roots.get('apps-bookworm')!,
      '--trim',
      '--out',
      at('btop'),
      '--pack',
      '/usr/bin/btop',
      '--quiet',
    ];
    const images = [];
    for (let run = 0; run < 2; run++) {
      await vendor(...argv, '--force');
      images.push(fs.readFileSync(at('btop.raw')));
    }
    expect(images[0]!.equals(images[1]!)).toBe(true);
  });

  it('is only planned, not written, with --dry-run', async () => {
    const argv = [
      roots.get('apps-bookworm')!,
      '--trim',
      '--out',
      at('btop'),
      '--dry-run',
      '--json',
      '/usr/bin/btop',
    ];
    const plan = JSON.parse((await vendor(...argv)).stdout) as { files: { path: string; role: string }[] };
    expect(plan.files).toContainEqual(expect.objectContaining({ path: '/usr/bin/btop', role: 'wrapper' }));
    expect(fs.existsSync(at('btop'))).toBe(false);
  });

  it.each([
    [['--mode', 'flix', '--etc', 'staged', '/usr/bin/btop'], /--etc needs --mode flatwrap/],
    [
      ['--mode', 'flatwrap', '--bind', 'data', '/usr/bin/btop'],
      /--bind "data" must be HOST:INSIDE, both absolute/,
    ],
    [['--mode', 'flatwrap', '--seal', 'none', '/usr/bin/btop'], /--seal is for edited loaders/],
    [['--mode', 'flatwrap', '--include', '/etc/passwd', '/usr/bin/btop'], /the view shows the host’s \/etc/],
  ])('is refused with the options %j', async (argv, message) => {
    await expect(flix('vendor', roots.get('apps-bookworm')!, '--out', at('x'), ...argv)).rejects.toThrow(
      message,
    );
  });
});
