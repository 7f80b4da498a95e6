import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import type { Placed } from '../../src/audit/extension.ts';
import { RELEASE_STRICT } from '../../src/view/attributes.ts';
import { directoryView } from '../../src/view/directory.ts';
import {
  auditOf,
  brief,
  briefOf,
  extension,
  type Files,
  host,
  removeRoots,
  root,
  treeView,
} from './world.ts';

afterAll(removeRoots);

const hosts = { debian: host('ID=debian\nVERSION_ID=13\nID_LIKE="tux gnu"\n') };
const rules = (name: string, files: Files, over: Readonly<Record<string, Files>> = hosts) =>
  briefOf(auditOf({ extensions: { [name]: files }, hosts: over }).findings, 'metadata/silently-ignored');
const released = (release: string) => rules('app', extension('app', {}, release));

describe('metadata/silently-ignored', () => {
  it('accepts what systemd accepts', () => {
    expect(released('ID=_any\n')).toEqual([]);
    expect(released('ID="debian"\nVERSION_ID=13\nARCHITECTURE=x86-64\n')).toEqual([]);
  });

  it.each([
    ['x86_64', 'x86-64'],
    ['amd64', 'x86-64'],
    ['X86-64', 'x86-64'],
    ['i686', 'x86'],
    ['aarch64', 'arm64'],
    ['armhf', 'arm'],
    ['ppc64el', 'ppc64-le'],
    ['loong64', 'loongarch64'],
  ])('says how systemd spells the architecture %s', (declared, spelled) => {
    const app = extension('app', {}, `ID=_any\nARCHITECTURE=${declared}\n`);
    for (const over of [{}, hosts]) {
      const [finding] = auditOf({ extensions: { app }, hosts: over }).findings;
      expect(finding).toMatchObject({ severity: 'error', culprit: 'architecture' });
      expect(finding!.fix).toContain(`ARCHITECTURE=${spelled}`);
    }
  });

  it('knows which systemd reads directories of versions, and what an image of a feed needs', () => {
    const view = treeView(root('app', extension('app', {})), 'app');
    const over = (version: number) => {
      const shared = { [`/usr/lib/systemd/libsystemd-shared-${version}.so`]: { text: '' } };
      return directoryView(root(`debian ${version}`, { ...hosts.debian, ...shared }));
    };
    const judged = (as: Placed['as'], version: number) =>
      brief(audit([{ name: 'app', view, placed: { as, file: 'app_1.raw' } }], [over(version)]).findings);
    expect(judged('entry', 257)).toEqual([]);
    expect(judged('entry', 252)).toEqual(['error metadata/silently-ignored place']);
    expect(judged('stray', 257)).toEqual(['error metadata/silently-ignored place']);
    expect(judged('versioned', 252)).toEqual(['info metadata/silently-ignored place']);
  });

  it('requires the release file to have the name of the directory', () => {
    expect(rules('app', extension('other', {}))).toEqual(['error metadata/silently-ignored release-file']);
    expect(rules('app', { '/usr/share/doc': { directory: true } })).toEqual([
      'error metadata/silently-ignored release-file',
    ]);
    const { findings } = auditOf({ extensions: { app: extension('other', {}) } });
    expect(findings[0]!.fix).toContain(
      'extension-release.other to /usr/lib/extension-release.d/extension-release.app',
    );
  });

  it('accepts a release file of another name that counts under every name', () => {
    const marked = (files: Files, marks: Readonly<Record<string, string>>) => {
      const attributes = new Map(
        Object.entries(marks).map(([name, value]) => [
          `/usr/lib/extension-release.d/extension-release.${name}`,
          new Map([[RELEASE_STRICT, Buffer.from(value)]]),
        ]),
      );
      const tree = { name: 'app', view: treeView(root('app', files), 'app'), attributes };
      const over = directoryView(root('debian', hosts.debian));
      return briefOf(audit([tree], [over]).findings, 'metadata/silently-ignored');
    };
    const other = extension('other', {});
    const refused = ['error metadata/silently-ignored release-file'];
    for (const value of ['0', 'no', 'False']) expect(marked(other, { other: value })).toEqual([]);
    for (const value of ['1', 'true', '', 'nothing'])
      expect(marked(other, { other: value })).toEqual(refused);
    const two = { ...other, ...extension('third', {}) };
    expect(marked(two, { other: '0' })).toEqual([]);
    expect(marked(two, { other: '0', third: '0' })).toEqual(refused);
    // its content is checked as well, and a file with the right name takes precedence
    const foreign = extension('other', {}, 'ID=gnome\n');
    expect(marked(foreign, { other: '0' })).toEqual(['error metadata/silently-ignored id']);
    expect(marked({ ...foreign, ...extension('app', {}) }, { other: '0' })).toEqual([]);
  });

  it('does not confuse architectures', () => {
    expect(released('ID=_any\nARCHITECTURE=arm64\n')).toEqual([
      'error metadata/silently-ignored architecture',
    ]);
    expect(released('ID=_any\nARCHITECTURE=amd64\n')).toEqual([
      'error metadata/silently-ignored architecture',
    ]);
  });

  it('names the affected hosts', () => {
    const both = { trixie: hosts.debian, bookworm: host('ID=debian\nVERSION_ID=12\n') };
    const bound = extension('app', {}, 'ID=debian\nVERSION_ID=13\n');
    const { findings } = auditOf({ extensions: { app: bound }, hosts: both });
    expect(brief(findings)).toEqual(['error metadata/silently-ignored version']);
    expect(findings[0]!.hosts).toEqual(['bookworm']);
  });

  it('warns of a match that older systemd does not accept', () => {
    expect(released('ID=tux\nVERSION_ID=13\n')).toEqual(['warning metadata/silently-ignored id-like']);
    expect(released('ID=gnome\nVERSION_ID=13\n')).toEqual(['error metadata/silently-ignored id']);
  });

  it('advises a name without a version if only the version differs', () => {
    const fix = (name: string, of: string) =>
      auditOf({ extensions: { [name]: extension(of, {}) } }).findings[0]!.fix;
    expect(fix('app-1.3', 'app-1.2')).toContain('a link app.raw to the file');
    expect(fix('app-1.3', 'app')).toContain('a link app.raw to the file');
    expect(fix('app', 'tool')).not.toContain('a link');
  });

  it('rejects a name that systemd ignores', () => {
    expect(rules('.#app', extension('.#app', {}))).toEqual(['error metadata/silently-ignored name']);
    expect(rules('#app', extension('#app', {}))).toEqual([]);
  });
});
