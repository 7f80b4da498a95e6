import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { walk } from '../../src/view/walk.ts';
import type { View } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { archive } from '../lab/roots.ts';

const at = scratch();
const USER = 1000;
/** The program in one file, which another user can read wherever the checkout is. */
const bundle = path.resolve('dist/flix.mjs');

/** Runs flix as an ordinary user, whose home is the scratch directory. */
async function flixAsUser(...argv: string[]): Promise<string> {
  fs.copyFileSync(bundle, at('flix.mjs'));
  const who = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', process.execPath, at('flix.mjs')];
  const { stdout } = await execa('setpriv', [...who, ...argv], {
    env: { HOME: at('home'), TMPDIR: at('home') },
  });
  return stdout;
}

beforeEach(() => {
  fs.mkdirSync(at('home'));
  fs.chownSync(at('home'), USER, USER);
  fs.chmodSync(at(), 0o755);
});

/** Describes everything in a root, with a number that hard links of one file share. */
function listing(view: View): string[] {
  const links = new Map<string, number>();
  return [...walk(view, '/')].map(({ path: file, kind }) => {
    const { mode, uid, gid, size, mtime, id } = view.stat(file);
    if (kind === 'file' && !links.has(id)) links.set(id, links.size);
    const what =
      kind === 'link'
        ? `-> ${view.readlink(file)}`
        : kind === 'file'
          ? `${size} ${links.get(id)} ${digest(view, file)}`
          : '';
    return `${JSON.stringify(file)} ${kind} ${kind === 'link' ? '' : mode.toString(8)} ${uid}:${gid} ${Math.floor(mtime)} ${what}`;
  });
}

function digest(view: View, file: string): string {
  const opened = view.open(file);
  try {
    return createHash('sha256').update(opened.read(0, opened.size)).digest('hex').slice(0, 12);
  } finally {
    opened.close();
  }
}

/** Makes an image of three layers with umoci, which has everything that layers can do to each other. */
const MAKE = `
set -eu
umoci init --layout image
umoci new --image image:app
layer() { rm -rf b; umoci unpack --image image:app b 2>/dev/null; cd b/rootfs; eval "$1"; cd ../..; umoci repack --image image:app b 2>/dev/null; }
layer '
  mkdir -p usr/bin usr/lib/x etc/d opt/o opaque/sub var/lib/app
  echo a >usr/bin/a; ln usr/bin/a usr/bin/a2; chmod 4755 usr/bin/a
  ln -s usr/bin bin; ln -s /usr/lib lib; echo 1 >usr/lib/x/1
  printf "x\\n" >"etc/d/na
me"
  echo "sp ace" >"etc/sp ace"; echo keep >opt/o/keep; echo 1 >opaque/sub/1; echo 2 >opaque/2
  chown 101:102 var/lib/app; chmod 2750 var/lib/app; truncate -s 3M sparse; touch -d 2001-02-03 opt/o etc/d
  : >usr/lib/${'n'.repeat(200)}; mkdir -p ${'deep/'.repeat(40)}; touch ${'deep/'.repeat(40)}file
  ln -s ${'t'.repeat(180)} long; printf "#!/bin/sh\\n" >usr/bin/script; chmod 755 usr/bin/script; touch -d 2020-01-01 usr/bin/*
'
layer '
  rm -r etc/d; ln -s usr etc/d
  rm usr/lib/x/1; ln usr/bin/a usr/bin/a3
  rm -r opt/o; mkdir opt/o; echo new >opt/o/new
  rm lib; mkdir lib; echo z >lib/z
  rm -r opaque; mkdir opaque; echo 3 >opaque/3
  chmod 700 usr/lib/x; chown -h 5:6 bin
'
layer '
  rm -r lib; echo file >lib; rm "etc/sp ace"; rm usr/bin/a2; mkdir -p etc/d2; mv usr/bin/script usr/bin/renamed; echo more >>opt/o/new
'
rm -rf b
umoci unpack --image image:app b
skopeo copy --quiet oci:image:app docker-archive:save.tar:app:1
chmod -R a+rX image
`;

describe.runIf(has('root', 'tool:umoci', 'tool:skopeo', 'tool:setpriv'))('an image made by umoci', () => {
  it('becomes the tree that umoci unpacks, from a layout and from docker save, as root and as another user', async () => {
    execaSync('sh', ['-c', MAKE], { cwd: at() });
    const expected = listing(directoryView(at('b/rootfs')));
    expect(expected.length).toBeGreaterThan(60);
    const rootOf = (place: string) => listing(directoryView(place, { staged: true }));
    await flix('stage', `oci:${at('image')}:app`, '-o', at('root'));
    expect(rootOf(at('root'))).toEqual(expected);
    await flix('stage', `docker-archive:${at('save.tar')}`, '-o', at('root'));
    expect(rootOf(at('root'))).toEqual(expected);
    await flixAsUser('stage', `oci:${at('image')}`, '-o', at('home/root'));
    expect(rootOf(at('home/root'))).toEqual(expected);
    expect(fs.statSync(at('home/root/var/lib/app')).uid).toBe(USER);
    execaSync('tar', ['-C', at('b/rootfs'), '-cSzf', at('export.tar.gz'), '.']);
    const { stdout } = await execa(process.execPath, [bundle, 'stage', 'tar:-', '-o', at('root'), '--json'], {
      inputFile: at('export.tar.gz'),
    });
    expect(rootOf(at('root'))).toEqual(expected);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'flix.staged/1', source: 'tar', packages: null });
  });
});

describe.runIf(has('archive', 'tool:apt-get', 'tool:xz', 'tool:setpriv'))('a package of Debian', () => {
  const mirror = () => ['--mirror', archive()!];

  it('is staged and vendored the same by root and by another user, and runs', async () => {
    fs.mkdirSync(at('cache'));
    const include = ['debian:bookworm', '--include', 'tilde', ...mirror()];
    await flix('stage', ...include, '-o', at('root'));
    await flixAsUser('stage', ...include, '-o', at('home/root'));
    expect(listing(directoryView(at('home/root'), { staged: true }))).toEqual(
      listing(directoryView(at('root'), { staged: true })),
    );
    await flix('vendor', at('root'), '--package', 'tilde', '--out', at('tree'));
    await flixAsUser('vendor', at('home/root'), '--package', 'tilde', '--out', at('home/tree'));
    const manifest = fs.readFileSync(at('tree/usr/local/tilde/manifest.json'), 'utf8');
    expect(fs.readFileSync(at('home/tree/usr/local/tilde/manifest.json'), 'utf8')).toBe(manifest);
    const [staged] = (JSON.parse(manifest) as { staged: { source: string; packages: { name: string }[] }[] })
      .staged;
    expect(staged).toMatchObject({
      source: 'debian:bookworm',
      digest: expect.stringMatching(/^sha256:/) as string,
    });
    expect(staged!.packages.map(({ name }) => name)).toContain('tilde');
    if (has('chroot')) {
      const { stdout } = execaSync('chroot', [at('root'), '/usr/bin/dpkg', '--audit'], { reject: false });
      expect(stdout).toContain('unpacked but not yet configured');
      // every library that the real ldconfig finds is in the cache that flix wrote, and nothing else
      const listed = () =>
        execaSync('chroot', [at('root'), '/sbin/ldconfig', '-p'])
          .stdout.split('\n')
          .filter(line => line.includes('=>'))
          .sort();
      const ours = listed();
      expect(ours.length).toBeGreaterThan(50);
      execaSync('chroot', [at('root'), '/sbin/ldconfig']);
      expect(ours).toEqual(listed());
    }
  });

  it('is staged for another architecture, whose closure the loader confirms under an emulator', async () => {
    const source = ['debian:bookworm', '--include', 'tilde', '--arch', 'arm64', ...mirror()];
    await flix('stage', ...source, '-o', at('root'));
    const { stdout } = await flix('vendor', at('root'), '--package', 'tilde', '--out', at('tree'));
    expect(stdout).toContain('/usr/local/tilde/lib/ld-linux-aarch64.so.1, sealed');
    if (has('tool:qemu-aarch64-static', 'chroot')) expect(stdout).toContain('run by qemu-aarch64');
  });

  it('has the links of update-alternatives, accounts and certificates that its scripts would make', async () => {
    await flix(
      'stage',
      'debian:bookworm',
      '--include',
      'vim-tiny,chrony,ca-certificates',
      ...mirror(),
      '-o',
      at('root'),
    );
    expect(fs.readlinkSync(at('root/usr/bin/vi'))).toBe('/etc/alternatives/vi');
    expect(fs.readlinkSync(at('root/etc/alternatives/vi'))).toBe('/usr/bin/vim.tiny');
    expect(fs.readFileSync(at('root/etc/passwd'), 'utf8')).toMatch(/^_chrony:x:\d{3}:\d{3}:/m);
    expect(fs.readFileSync(at('root/etc/ssl/certs/ca-certificates.crt'), 'utf8')).toContain(
      'BEGIN CERTIFICATE',
    );
    if (has('chroot')) {
      const { stdout } = execaSync('chroot', [at('root'), '/usr/bin/update-alternatives', '--query', 'vi']);
      expect(stdout).toContain('Status: auto\nBest: /usr/bin/vim.tiny\nValue: /usr/bin/vim.tiny');
    }
  });

  it('is refused with a clear message if the archive does not have it, or is not signed by a known key', async () => {
    const stage = (...argv: string[]) =>
      flix('stage', 'debian:bookworm', ...mirror(), '-o', at('root'), ...argv);
    await expect(stage('--include', 'no-such-package')).rejects.toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no package no-such-package') as string,
    });
    await expect(stage('--include', '-oDir=/')).rejects.toMatchObject({ exitCode: 2 });
    fs.writeFileSync(at('empty.gpg'), '');
    await expect(stage('--keyring', at('empty.gpg'))).rejects.toMatchObject({ exitCode: 5 });
    expect(fs.existsSync(at('root'))).toBe(false);
  });

  it('is refused with the name of the package of a library on which no package depends', async () => {
    // libext2fs2 needs the library of libcom-err2, but depends on libc6 alone
    const { stderr } = await flix('vendor', 'debian:bookworm', '--package', 'mc', '--out', at('tree')).catch(
      (error: unknown) => error as { readonly stderr: string },
    );
    expect(stderr).toContain(
      'libcom_err.so.2 is missing, needed by /usr/lib/x86_64-linux-gnu/libext2fs.so.2',
    );
    expect(stderr).toContain('(by the rules for names, libcom-err2)');
    expect(stderr).toMatch(/^ *flix stage debian:bookworm --include mc,libcom-err2 -o \.\/root$/m);
  });

  it('can be vendored in one command, and sources stand for roots elsewhere', async () => {
    await flix('stage', 'debian:bookworm', '--include', 'tilde', ...mirror(), '-o', at('root'));
    execaSync('tar', ['-C', at('root'), '-cf', at('root.tar'), '.']);
    const source = `tar:${at('root.tar')}`;
    await flix('vendor', source, '--package', 'tilde', '--out', at('tree'));
    const { stdout: tree } = await flix('tree', '--root', source, '/usr/bin/tilde');
    expect(tree).toContain('libt3widget.so.2');
    const { stdout: needs } = await flix('needs', '--root', source, '--package', 'tilde');
    expect(needs).toContain('transcript1');
    const { stdout: audit } = await flix('audit', at('tree'), '--host', source, '--fail-on', 'never').catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(audit).not.toContain(at('root'));
    expect(fs.readdirSync(at()).sort()).toEqual(
      ['home', 'root', 'root.tar', 'tree', 'tilde.proof.json'].sort(),
    );
    await expect(flix('vendor', source)).rejects.toMatchObject({
      stderr: expect.stringContaining(`${source} is a whole root`) as string,
    });
  });
});
