import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { progress } from '../../src/io/progress.ts';
import { readSource } from '../../src/stage/source.ts';
import { stage } from '../../src/stage/stage.ts';
import type { StagedRoot } from '../../src/stage/staged.ts';
import { directoryView } from '../../src/view/directory.ts';
import { ownAsRoot } from '../../src/view/owners.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { type Member, tar } from './archive.ts';

const at = scratch();
const say = progress({ quiet: true });

function staged(source: string, arch?: string, force = false): Promise<StagedRoot> {
  const options = { include: [], mirror: [], recommends: false, arch };
  return stage(readSource(source)!, at('root'), options, { force, progress: say });
}

async function archive(...members: readonly Member[]): Promise<StagedRoot> {
  fs.writeFileSync(at('archive.tar'), tar(...members));
  return staged(`tar:${at('archive.tar')}`);
}

const inRoot = (path: string) => at('root') + path;

describe('a source', () => {
  it('is read with its tag, which follows the last colon', () => {
    expect(readSource('oci:/a:b/c:latest')).toEqual({ kind: 'oci', place: '/a:b/c', tag: 'latest' });
    expect(readSource('oci:dir')).toEqual({ kind: 'oci', place: 'dir', tag: undefined });
    expect(readSource('docker-archive:a/b.tar:docker.io/x/y:1')).toEqual({
      kind: 'docker-archive',
      place: 'a/b.tar',
      tag: 'docker.io/x/y:1',
    });
    expect(readSource('tar:-')).toEqual({ kind: 'tar', place: '-' });
    expect(readSource('debian:bookworm')).toEqual({ kind: 'debian', suite: 'bookworm' });
  });

  it('is none without a known word before the colon, and refused without anything after it', () => {
    for (const text of ['./oci', '/tar', 'docker:x', 'oci']) expect(readSource(text)).toBeUndefined();
    for (const text of ['oci:', 'debian:Book worm', 'ubuntu:../x'])
      expect(() => readSource(text)).toThrow(expect.objectContaining({ code: 'bad-source' }) as Error);
  });
});

describe('a staged archive', () => {
  it('has the files, links and times of the archive, and a digest of its bytes', async () => {
    const { record, layers } = await archive(
      { name: 'usr/bin/app', content: 'app', mode: 0o755, mtime: 1000 },
      { name: 'usr/bin/same', type: '1', link: 'usr/bin/app' },
      { name: 'bin', type: '2', link: '/usr/bin' },
      { name: 'empty', type: '5', mode: 0o700, mtime: 5 },
    );
    expect(layers).toBe(1);
    const bytes = fs.readFileSync(at('archive.tar'));
    expect(record).toMatchObject({
      source: 'tar',
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      facts: {},
    });
    const app = fs.statSync(inRoot('/usr/bin/app'));
    expect({ mode: app.mode & 0o7777, mtime: app.mtimeMs, links: app.nlink }).toEqual({
      mode: 0o755,
      mtime: 1_000_000,
      links: 2,
    });
    expect(fs.readlinkSync(inRoot('/bin'))).toBe('/usr/bin');
    expect(fs.statSync(inRoot('/empty')).mtimeMs).toBe(5000);
    expect(fs.statSync(inRoot('/empty')).mode & 0o7777).toBe(0o700);
    expect(fs.readdirSync(at()).sort()).toEqual(['archive.tar', 'root']);
  });

  it('keeps names with any bytes', async () => {
    await archive({ name: 'x', content: 'a', pax: [['path', Buffer.from('d\xff/\n ', 'latin1')]] });
    const names = fs.readdirSync(at('root'), { encoding: 'buffer' }).map(name => name.toString('latin1'));
    expect(names.sort()).toEqual(['.flix-stage.json', 'd\xff']);
    expect(fs.readFileSync(Buffer.from(`${at('root')}/d\xff/\n `, 'latin1'), 'utf8')).toBe('a');
  });

  it('makes no device and no setuid program, and records modes, owners and capabilities for those who read the root', async () => {
    const { leftOut, record } = await archive(
      { name: 'usr/bin/su', content: 'su', mode: 0o4755, uid: 0, gid: 7 },
      { name: 'usr/bin/ping', content: '', pax: [['SCHILY.xattr.security.capability', Buffer.from([1, 0])]] },
      { name: 'var/lib/app', type: '5', mode: 0o500, uid: 101, gid: 102 },
      { name: 'dev/sda', type: '4', mode: 0o666 },
      { name: 'secret', content: '', mode: 0 },
    );
    expect(leftOut).toEqual({
      special: ['/dev/sda'],
      setId: ['/usr/bin/su'],
      capabilities: ['/usr/bin/ping'],
    });
    expect(record.facts).toEqual({
      '/secret': { mode: '0' },
      '/usr/bin/ping': { capability: '0100' },
      '/usr/bin/su': { mode: '4755', gid: 7 },
      '/var/lib/app': { mode: '500', uid: 101, gid: 102 },
    });
    expect(fs.existsSync(inRoot('/dev/sda'))).toBe(false);
    expect(fs.statSync(inRoot('/usr/bin/su')).mode & 0o7777).toBe(0o755);
    const view = ownAsRoot(directoryView(at('root'), { staged: true }), process.getuid!());
    expect(view.stat('/usr/bin/su')).toMatchObject({ mode: 0o4755, uid: 0, gid: 7 });
    expect(view.stat('/var/lib/app')).toMatchObject({ mode: 0o500, uid: 101, gid: 102 });
    expect(view.stat('/usr/bin')).toMatchObject({ uid: 0, gid: 0 });
    expect([...view.list('/').keys()]).toEqual(['dev', 'secret', 'usr', 'var']);
  });

  it('does not keep a record that the archive contains', async () => {
    const facts = { '/a': { mode: '4755' } };
    const fake = JSON.stringify({ schema: 'flix.stage/1', source: 'x', digest: 'x', facts });
    await archive({ name: 'a', content: '' }, { name: '.flix-stage.json', content: fake });
    expect(directoryView(at('root'), { staged: true }).stat('/a').mode).toBe(0o644);
    await archive({ name: 'a', content: '' }, { name: '.flix-stage.json', type: '2', link: '/a' });
    expect(directoryView(at('root'), { staged: true }).staged?.source).toBe('tar');
  });

  it('keeps a hole of 10 GB a hole', async () => {
    const size = 10 * 1024 ** 3;
    const { size: written } = await archive({
      name: 'a',
      content: 'end',
      pax: [
        ['GNU.sparse.major', '0'],
        ['GNU.sparse.map', `${size - 3},3`],
        ['GNU.sparse.size', String(size)],
      ],
    });
    const stat = fs.statSync(inRoot('/a'));
    expect({ size: stat.size, written }).toEqual({ size, written: expect.any(Number) as number });
    expect(stat.blocks * 512).toBeLessThan(1_000_000);
  });

  it('replaces an earlier staged root, and nothing else without --force', async () => {
    await archive({ name: 'a', content: '' });
    await archive({ name: 'b', content: '' });
    expect(fs.readdirSync(at('root')).sort()).toEqual(['.flix-stage.json', 'b']);
    fs.rmSync(inRoot('/.flix-stage.json'));
    await expect(archive({ name: 'c', content: '' })).rejects.toMatchObject({ code: 'not-ours' });
    expect(fs.readdirSync(at('root'))).toEqual(['b']);
    await staged(`tar:${at('archive.tar')}`, undefined, true);
    expect(fs.existsSync(inRoot('/c'))).toBe(true);
  });

  it('leaves nothing behind where it fails, and the earlier root as it was', async () => {
    await archive({ name: 'a', content: '' });
    for (const bad of [
      { name: '../x' },
      { name: 'x', type: '1', link: '/etc/passwd' },
      { name: 'x', type: 'Q' },
    ])
      await expect(archive({ name: 'b', content: 'b' }, bad)).rejects.toMatchObject({ kind: 'input' });
    await expect(staged(`tar:${at('none')}`)).rejects.toMatchObject({ code: 'io-enoent' });
    expect(fs.readdirSync(at()).sort()).toEqual(['archive.tar', 'root']);
    expect(fs.readdirSync(at('root')).sort()).toEqual(['.flix-stage.json', 'a']);
  });
});

describe('a compressed archive', () => {
  const bytes = tar({ name: 'a', content: 'content' });
  const compressors = { gzip: ['-nc'], zstd: ['-qc'], xz: ['-c'], bzip2: ['-c'] };
  for (const [tool, args] of Object.entries(compressors))
    it.runIf(has(`tool:${tool}`))(`is unpacked if ${tool} compressed it`, async () => {
      const { stdout } = execaSync(tool, args, { input: bytes, encoding: 'buffer' });
      fs.writeFileSync(at('a'), stdout);
      await staged(`tar:${at('a')}`);
      expect(fs.readFileSync(inRoot('/a'), 'utf8')).toBe('content');
      fs.writeFileSync(at('a'), stdout.subarray(0, stdout.length - 20));
      await expect(staged(`tar:${at('a')}`)).rejects.toMatchObject({ kind: 'input' });
    });

  it('is refused where it unpacks to much more than its size', async () => {
    // gzip members follow each other, so one that is repeated makes a bomb
    const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const start = gzipSync(tar({ name: 'a', size: 2 * 1024 ** 3 }).subarray(0, 512));
    fs.writeFileSync(at('bomb'), Buffer.concat([start, ...Array.from({ length: 20 }, () => zeros)]));
    await expect(staged(`tar:${at('bomb')}`)).rejects.toThrow('more than 200 times its own size');
    expect(fs.readdirSync(at())).toEqual(['bomb']);
  });
});

/** Writes an OCI image layout. Returns the digest of a blob. */
function blob(content: Uint8Array | string): { readonly digest: string; readonly size: number } {
  const bytes = Buffer.from(content as string);
  const digest = createHash('sha256').update(bytes).digest('hex');
  fs.mkdirSync(at('layout/blobs/sha256'), { recursive: true });
  fs.writeFileSync(at('layout/blobs/sha256', digest), bytes);
  return { digest: `sha256:${digest}`, size: bytes.length };
}

function manifest(...layers: readonly (readonly Member[])[]) {
  const blobs = layers.map(members => blob(gzipSync(tar(...members))));
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...blob(JSON.stringify({ layers: blobs })),
  };
}

function index(...manifests: readonly object[]): void {
  fs.mkdirSync(at('layout'), { recursive: true });
  fs.writeFileSync(at('layout/index.json'), JSON.stringify({ manifests }));
}

const tagged = (tag: string, descriptor: object) => ({
  ...descriptor,
  annotations: { 'org.opencontainers.image.ref.name': tag },
});

describe('an OCI layout', () => {
  it('gives the image with the tag, or the only one', async () => {
    const one = manifest(
      [{ name: 'a', content: 'lower' }, { name: 'b' }],
      [{ name: 'a', content: 'upper' }, { name: '.wh.b' }],
    );
    const two = manifest([{ name: 'two' }]);
    index(tagged('1', one));
    const { record, layers } = await staged(`oci:${at('layout')}`);
    expect({ source: record.source, digest: record.digest, layers }).toEqual({
      source: 'oci:1',
      digest: one.digest,
      layers: 2,
    });
    expect(fs.readdirSync(at('root')).sort()).toEqual(['.flix-stage.json', 'a']);
    expect(fs.readFileSync(inRoot('/a'), 'utf8')).toBe('upper');
    index(tagged('1', one), tagged('2', two));
    await staged(`oci:${at('layout')}:2`);
    expect(fs.existsSync(inRoot('/two'))).toBe(true);
    await expect(staged(`oci:${at('layout')}`)).rejects.toMatchObject({
      code: 'no-image',
      fix: expect.stringContaining('1, 2') as string,
    });
    await expect(staged(`oci:${at('layout')}:3`)).rejects.toMatchObject({ code: 'no-image' });
  });

  it('gives the image for the architecture', async () => {
    const images = ['amd64', 'arm64'].map(architecture => ({
      ...manifest([{ name: architecture }]),
      platform: { os: 'linux', architecture },
    }));
    index({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      ...blob(JSON.stringify({ manifests: images })),
    });
    await staged(`oci:${at('layout')}`, 'aarch64');
    expect(fs.existsSync(inRoot('/arm64'))).toBe(true);
    await expect(staged(`oci:${at('layout')}`, 'riscv64')).rejects.toMatchObject({ code: 'no-image' });
  });

  it('is refused if a blob is damaged, missing or named by a path', async () => {
    const image = manifest([{ name: 'a' }]);
    index(image);
    const layer = fs.readdirSync(at('layout/blobs/sha256')).find(name => `sha256:${name}` !== image.digest)!;
    fs.writeFileSync(at('layout/blobs/sha256', layer), gzipSync(tar({ name: 'other' })));
    await expect(staged(`oci:${at('layout')}`)).rejects.toThrow('does not have the digest');
    fs.rmSync(at('layout/blobs/sha256', layer));
    await expect(staged(`oci:${at('layout')}`)).rejects.toThrow('is missing');
    index({ ...image, digest: 'sha256:../../../../etc/passwd' });
    await expect(staged(`oci:${at('layout')}`)).rejects.toThrow('is damaged');
    fs.writeFileSync(at('layout/index.json'), '{');
    await expect(staged(`oci:${at('layout')}`)).rejects.toThrow('not a JSON document');
    fs.rmSync(at('layout/index.json'));
    await expect(staged(`oci:${at('layout')}`)).rejects.toMatchObject({ code: 'no-image' });
    expect(fs.existsSync(at('root'))).toBe(false);
  });

  it('may be in an archive, compressed or not', async () => {
    index(manifest([{ name: 'a' }]));
    execaSync('tar', ['-C', at('layout'), '-cf', at('oci.tar'), '.']);
    for (const file of ['oci.tar', 'oci.tar.gz']) {
      if (file.endsWith('.gz')) fs.writeFileSync(at(file), gzipSync(fs.readFileSync(at('oci.tar'))));
      await staged(`oci-archive:${at(file)}`);
      expect(fs.existsSync(inRoot('/a'))).toBe(true);
    }
  });
});

describe('an archive of docker save', () => {
  const layer = (...members: readonly Member[]) => {
    const bytes = tar(...members);
    return { bytes, diff: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
  };
  const one = layer({ name: 'a', content: '1' });
  const two = layer({ name: '.wh.a' }, { name: 'b' });
  const save = (diffs: readonly string[], tags: readonly string[] = ['app:1']) =>
    fs.writeFileSync(
      at('save.tar'),
      tar(
        { name: 'two/layer.tar', content: two.bytes },
        { name: 'link/layer.tar', type: '2', link: '../one/layer.tar' },
        { name: 'one/layer.tar', content: one.bytes },
        { name: 'config.json', content: JSON.stringify({ rootfs: { diff_ids: diffs } }) },
        {
          name: 'manifest.json',
          content: JSON.stringify(
            tags.map(tag => ({
              Config: 'config.json',
              RepoTags: [tag],
              Layers: ['link/layer.tar', 'two/layer.tar'],
            })),
          ),
        },
      ),
    );

  it('gives the layers in their order, whatever their order in the archive', async () => {
    save([one.diff, two.diff]);
    const { record, layers } = await staged(`docker-archive:${at('save.tar')}`);
    expect(record.source).toBe('docker-archive:app:1');
    expect(layers).toBe(2);
    expect(fs.readdirSync(at('root')).sort()).toEqual(['.flix-stage.json', 'b']);
  });

  it('is refused if a layer is not the one of the configuration', async () => {
    save([two.diff, two.diff]);
    await expect(staged(`docker-archive:${at('save.tar')}`)).rejects.toThrow('does not have the digest');
    save([one.diff]);
    await expect(staged(`docker-archive:${at('save.tar')}`)).rejects.toThrow('does not match its layers');
  });

  it('is refused if it has more layers than docker makes, which may all be one file', async () => {
    const Layers = Array.from({ length: 200 }, () => 'one/layer.tar');
    const members = [
      { name: 'one/layer.tar', content: one.bytes },
      { name: 'config.json', content: JSON.stringify({ rootfs: { diff_ids: Layers.map(() => one.diff) } }) },
      { name: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers }]) },
    ];
    fs.writeFileSync(at('save.tar'), tar(...members));
    await expect(staged(`docker-archive:${at('save.tar')}`)).rejects.toThrow('the image has 200 layers');
  });

  it('gives the image with the tag, and names those that there are', async () => {
    save([one.diff, two.diff], ['app:1', 'app:2']);
    await staged(`docker-archive:${at('save.tar')}:app:2`);
    await expect(staged(`docker-archive:${at('save.tar')}`)).rejects.toMatchObject({
      code: 'no-image',
      fix: expect.stringContaining('app:1, app:2') as string,
    });
    fs.writeFileSync(at('export.tar'), tar({ name: 'a' }));
    await expect(staged(`docker-archive:${at('export.tar')}`)).rejects.toMatchObject({ code: 'no-image' });
  });
});
