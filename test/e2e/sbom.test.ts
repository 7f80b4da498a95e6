import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { snapshot } from '../lab/snapshot.ts';
import { type Component, type Document, parse, violations } from '../sbom/schema.ts';
import { install } from './app.ts';

const at = scratch();
const bundle = fileURLToPath(new URL('../../dist/flix.mjs', import.meta.url));

function read(tree: string): { manifest: Manifest; document: Document; text: string } {
  const [name] = fs.readdirSync(path.join(tree, 'usr/local'));
  const manifest = JSON.parse(
    fs.readFileSync(path.join(tree, 'usr/local', name!, 'manifest.json'), 'utf8'),
  ) as Manifest;
  const text = fs.readFileSync(tree + manifest.sbom, 'utf8');
  return { manifest, document: parse(text), text };
}

const sha256 = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** `FILE DIGEST` of each file of a component. */
const filesOf = ({ components = [] }: Component) =>
  components.map(({ name, hashes }) => `${name} ${hashes![0]!.content}`);

describe.runIf(has('archive', 'chroot'))('the bill of materials of a whole root', () => {
  it.each(['apps-bookworm', 'apps-trixie'] as const)(
    'agrees with dpkg about every file of git of %s, and with the schema of CycloneDX',
    async name => {
      const root = await labRoot(name);
      const tree = at('git');
      await flix('vendor', root, '--package', 'git', '--sbom', '--out', tree);
      const { manifest, document, text } = read(tree);
      expect(violations(text)).toEqual([]);
      expect(manifest.files.find(file => file.path === manifest.sbom)?.sha256?.after).toBe(
        sha256(tree + manifest.sbom),
      );

      const packages = document.components.filter(({ type }) => type === 'library');
      expect(packages.length).toBeGreaterThan(20);
      const format = '${Package} ${Version} ${source:Package} ${source:Version}\\n';
      const known = execaSync('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', format]).stdout;
      const installed = new Set(known.split('\n'));
      for (const { name: owner, version, properties = [] } of packages) {
        const value = (key: string) => properties.find(other => other.name === key)?.value;
        const [epoch, upstream, release] = ['SrcEpoch', 'SrcVersion', 'SrcRelease'].map(key =>
          value(`aquasecurity:trivy:${key}`),
        );
        const source = `${epoch ? `${epoch}:` : ''}${upstream}${release ? `-${release}` : ''}`;
        expect(installed).toContain(`${owner} ${version} ${value('aquasecurity:trivy:SrcName')} ${source}`);
        expect(fs.existsSync(tree + value('flix:licence-file'))).toBe(true);
      }

      const listed = new Map(packages.map(component => [component.name, filesOf(component)]));
      const copied = manifest.files.filter(({ origin, link }) => origin && link === undefined);
      expect(copied.length).toBeGreaterThan(100);
      for (const { path: file, origin, sha256: digest } of copied) {
        if (file.includes('/share/licenses/')) continue;
        expect(digest!.after).toBe(sha256(tree + file));
        if (origin!.package === undefined)
          expect(document.components).toContainEqual(expect.objectContaining({ type: 'file', name: file }));
        else expect(listed.get(origin!.package)).toContain(`${file} ${digest!.after}`);
      }
    },
  );

  it('is the same bytes from every build, also from the single file on another machine’s clock', async () => {
    const root = await labRoot('apps-bookworm');
    const options = ['vendor', root, '--package', 'nginx', '--sbom'];
    await flix(...options, '--out', at('one'));
    await execa(process.execPath, [bundle, ...options, '--out', at('two')], { env: { TZ: 'Asia/Tokyo' } });
    expect(snapshot(at('two'))).toEqual(snapshot(at('one')));
    await execa(process.execPath, [bundle, ...options, '--out', at('dated')], {
      env: { SOURCE_DATE_EPOCH: '1700000000' },
    });
    expect(read(at('dated')).document.metadata.timestamp).toBe('2023-11-14T22:13:20.000Z');
  });

  it('is in a wrapped tree as well, and names every package that is staged', async () => {
    const root = await labRoot('apps-bookworm');
    const options = ['--mode', 'flatwrap', '--trim', '--sbom'];
    await flix('vendor', root, '/usr/bin/btop', ...options, '--out', at('tree'));
    const { document, text } = read(at('tree'));
    expect(violations(text)).toEqual([]);
    const names = document.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['debian', 'btop', 'libc6', 'libstdc++6']));
  });
});

describe.runIf(has('tool:gcc', 'chroot'))('the bill of materials of a DESTDIR tree', () => {
  it('lists the files of the tree by themselves, and does not change in a second run', async () => {
    install(at('rootfs'));
    const first = await flix('vendor', at('rootfs'), '--name', 'app', '--sbom');
    expect(first.stdout).toMatch(
      /sbom +\/usr\/local\/app\/sbom\.cdx\.json, \d+ packages?; of no package: \/usr/,
    );
    const { document, text } = read(at('rootfs'));
    expect(violations(text)).toEqual([]);
    expect(document.components).toContainEqual(
      expect.objectContaining({ type: 'file', name: '/usr/bin/app' }),
    );
    const before = snapshot(at('rootfs'), { inodes: true });
    const { stdout } = await flix('vendor', at('rootfs'), '--name', 'app', '--sbom');
    expect(stdout).toContain('(unchanged)');
    expect(snapshot(at('rootfs'), { inodes: true })).toEqual(before);
    await flix('vendor', at('rootfs'), '--name', 'app');
    expect(fs.existsSync(at('rootfs', 'usr/local/app/sbom.cdx.json'))).toBe(false);
    expect(fs.existsSync(at('rootfs', 'usr/local/app/share'))).toBe(false);
  });
});
