import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { composeSbom, type SbomInput } from '../../src/sbom/compose-sbom.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, LIB, PRIVATE, planOf, program, rootAt } from '../plan/plan.ts';
import { type Component, type Document, parse, violations } from './schema.ts';

const at = scratch();
const DEBIAN = 'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n';

const debian: Files = {
  ...base,
  '/etc/os-release': { text: DEBIAN },
  '/usr/bin/app': program({ needed: ['libc.so.6', 'libz.so.1'] }),
  [`${LIB}/libz.so.1`]: { soname: 'libz.so.1' },
  '/usr/share/app/of-nobody': { text: 'x' },
  '/usr/share/doc/app/copyright': { text: 'See /usr/share/common-licenses/GPL-3.' },
  '/usr/share/common-licenses/GPL-3': { text: 'GNU GENERAL PUBLIC LICENSE' },
  '/usr/share/doc/libc6/copyright': {
    text: 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: LGPL-2.1+\n',
  },
  '/var/lib/dpkg/status': {
    text: [
      'Package: app\nArchitecture: all\nVersion: 1:2.0-3+b1\nSource: apps (1:2.0-3)\n',
      'Package: libc6\nArchitecture: amd64\nVersion: 2.36-9\nSource: glibc\n',
      'Package: zlib1g\nArchitecture: amd64\nVersion: 1.3\n',
    ].join('\n'),
  },
  '/var/lib/dpkg/info/app.list': { text: '/usr/bin/app\n' },
  '/var/lib/dpkg/info/libc6:amd64.list': { text: `${LIB}/libc.so.6\n/lib64/ld-linux-x86-64.so.2\n` },
  '/var/lib/dpkg/info/zlib1g:amd64.list': { text: `${LIB}/libz.so.1\n` },
};

function composed(plan: Plan, more: Partial<SbomInput> = {}) {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const digests = new Map(
    plan.files.flatMap(({ target, content }) => {
      if (content.kind !== 'copy') return [];
      const before = digest(content.path);
      return [
        [target, { before, after: content.edits.length > 0 ? digest(`edited ${target}`) : before }] as const,
      ];
    }),
  );
  const sbom = composeSbom({ flix: '1.2.3', plan, digests, epoch: undefined, ...more });
  expect(violations(sbom.text)).toEqual([]);
  return { ...sbom, document: parse(sbom.text) };
}

const component = ({ components }: Document, name: string): Component | undefined =>
  components.find(other => other.name === name);
const property = (of: Component | undefined, name: string) =>
  of?.properties?.find(other => other.name === name)?.value;

describe('the bill of materials', () => {
  const paths = ['/usr/bin/app', '/usr/share/app/of-nobody'];
  const debianPlan = (place = 'root') => planOf(rootAt(at(place), debian), paths, { sbom: true });

  it('lists the packages of all files with what scanners look advisories up by', () => {
    const { document, packages } = composed(debianPlan());
    expect(packages).toBe(3);
    expect(component(document, 'debian')).toMatchObject({ type: 'operating-system', version: '12' });
    const app = component(document, 'app');
    expect(app).toMatchObject({
      type: 'library',
      version: '1:2.0-3+b1',
      purl: 'pkg:deb/debian/app@1:2.0-3+b1?arch=all&distro=debian-12&upstream=apps%401%3A2.0-3',
      supplier: { name: 'Debian GNU/Linux' },
    });
    const trivy = ['SrcName', 'SrcEpoch', 'SrcVersion', 'SrcRelease'];
    expect(trivy.map(name => property(app, `aquasecurity:trivy:${name}`))).toEqual(['apps', '1', '2.0', '3']);
    expect(component(document, 'zlib1g')?.purl).toBe('pkg:deb/debian/zlib1g@1.3?arch=amd64&distro=debian-12');
  });

  it('contains every copied file once, with the digest of the bytes in the tree', () => {
    const plan = debianPlan();
    const { document } = composed(plan);
    const files = (of: Component): Component[] => [
      ...(of.type === 'file' ? [of] : []),
      ...(of.components ?? []).flatMap(files),
    ];
    const found = [document.metadata.component, ...document.components].flatMap(files);
    expect(found.map(({ name }) => name).sort()).toEqual(
      plan.files
        .filter(({ content: { kind } }) => kind === 'copy' || kind === 'text')
        .map(({ target }) => target),
    );
    expect(found.every(({ hashes }) => hashes?.[0]?.alg === 'SHA-256')).toBe(true);
  });

  it('says of an edited file what it was, and nothing of others', () => {
    const { document } = composed(debianPlan());
    const nested = component(document, 'app')!.components!.find(({ name }) => name === '/usr/bin/app');
    expect(nested?.pedigree?.ancestors).toMatchObject([{ name: '/usr/bin/app' }]);
    expect(nested?.pedigree?.ancestors[0]?.hashes?.[0]?.content).not.toBe(nested?.hashes?.[0]?.content);
    const library = component(document, 'zlib1g')!.components!;
    expect(library).toMatchObject([{ name: `${PRIVATE}/libz.so.1` }]);
    expect(library[0]).not.toHaveProperty('pedigree');
  });

  it('names files that no package owns, as components of their own', () => {
    const { document, unowned } = composed(debianPlan());
    expect(unowned).toContain('/usr/share/app/of-nobody');
    expect(unowned).not.toContain('/usr/bin/app');
    expect(component(document, '/usr/share/app/of-nobody')).toMatchObject({ type: 'file' });
  });

  it('counts byte code to the owner of its source', () => {
    const cache = '/usr/lib/app/__pycache__';
    const files: Files = {
      ...debian,
      '/usr/lib/app/module.py': { text: '' },
      [`${cache}/module.cpython-311.pyc`]: { text: '' },
      [`${cache}/other.cpython-311.pyc`]: { text: '' },
      '/var/lib/dpkg/info/app.list': { text: '/usr/bin/app\n/usr/lib/app/module.py\n' },
    };
    const { unowned } = composed(planOf(rootAt(at('root'), files), ['/usr/lib/app'], { sbom: true }));
    expect(unowned).toEqual([`${cache}/other.cpython-311.pyc`]);
  });

  it('gives the licences and where their files are in the tree', () => {
    const { document } = composed(debianPlan());
    expect(component(document, 'libc6')?.licenses).toEqual([{ license: { id: 'LGPL-2.1-or-later' } }]);
    expect(component(document, 'app')?.licenses).toEqual([{ license: { name: 'GPL-3' } }]);
    expect(property(component(document, 'app'), 'flix:licence-file')).toBe(
      '/usr/local/app/share/licenses/app/copyright',
    );
    expect(component(document, 'zlib1g')).not.toHaveProperty('licenses');
  });

  it('is the same for the same input, has a serial number of its content, and a time only if one is given', () => {
    const { text, document } = composed(debianPlan());
    expect(composed(debianPlan('again')).text).toBe(text);
    expect(document.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab]/);
    expect(document.metadata).not.toHaveProperty('timestamp');
    const later = composed(debianPlan('later'), { epoch: 1_700_000_000 }).document;
    expect(later.metadata.timestamp).toBe('2023-11-14T22:13:20.000Z');
    expect(later.serialNumber).not.toBe(document.serialNumber);
  });

  it.each<[string, Files, string, unknown[]]>([
    [
      'apk',
      {
        '/etc/os-release': { text: 'ID=alpine\nVERSION_ID=3.20.3\n' },
        '/lib/apk/db/installed': {
          text: 'P:app\nV:1.2-r0\nA:x86_64\no:apps\nL:MIT AND ISC\nF:usr/bin\nR:app\n',
        },
      },
      'pkg:apk/alpine/app@1.2-r0?arch=x86_64&distro=alpine-3.20.3&upstream=apps',
      [{ expression: 'MIT AND ISC' }],
    ],
    [
      'pacman',
      {
        '/etc/os-release': { text: 'ID=arch\nBUILD_ID=rolling\n' },
        '/var/lib/pacman/local/app-1.2-1/desc': {
          text: '%NAME%\napp\n\n%VERSION%\n1.2-1\n\n%ARCH%\nx86_64\n\n%LICENSE%\nMIT\ncustom:x\n\n',
        },
        '/var/lib/pacman/local/app-1.2-1/files': { text: '%FILES%\nusr/bin/app\n\n' },
      },
      'pkg:alpm/arch/app@1.2-1?arch=x86_64&distro=arch',
      [{ license: { name: 'custom:x' } }, { license: { id: 'MIT' } }],
    ],
  ])('gives the packages of %s their URL and licences', (_, files, purl, licences) => {
    const root = rootAt(at('root'), { ...base, '/usr/bin/app': program(), ...files });
    const { document } = composed(planOf(root, ['/usr/bin/app'], { sbom: true }));
    expect(component(document, 'app')).toMatchObject({ purl, licenses: licences });
  });

  it('names one operating system, that of most packages, since scanners refuse several', () => {
    const libraries = rootAt(at('libraries'), debian);
    const tree = rootAt(at('tree'), {
      '/opt/tool': { text: 'x' },
      '/etc/os-release': { text: 'ID=alpine\n' },
      '/lib/apk/db/installed': { text: 'P:tool\nV:1\nF:opt\nR:tool\n' },
    });
    const plan = planOf(libraries, ['/usr/bin/app'], { sbom: true });
    const other = { kind: 'copy', view: tree, path: '/opt/tool', edits: [] } as const;
    const files = [
      ...plan.files,
      { target: '/opt/tool', role: 'resource', why: '', content: other } as const,
    ];
    const { document } = composed({ ...plan, files });
    expect(document.components.filter(({ type }) => type === 'operating-system')).toMatchObject([
      { name: 'debian' },
    ]);
    expect(component(document, 'tool')?.purl).toBe('pkg:apk/alpine/tool@1?distro=alpine');
  });
});
