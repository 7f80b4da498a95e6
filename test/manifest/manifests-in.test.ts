import { describe, expect, it } from 'vitest';
import { manifestsIn, unreadableManifestsIn } from '../../src/manifest/manifests-in.ts';
import { scratch } from '../io/scratch.ts';
import { type Files, rootAt } from '../plan/plan.ts';

const at = scratch();
let trees = 0;
const tree = (files: Files) => rootAt(at(`tree-${trees++}`), files, 'none');

const MANIFEST = '/usr/local/app/manifest.json';
const RELEASE = { '/usr/lib/extension-release.d/extension-release.app': { text: 'ID=_any\n' } };
const LOADER = { '/usr/local/app/ld.so': { link: 'lib/ld-linux-x86-64.so.2' } };

const whole = {
  schema: 'flix.manifest/1',
  flix: '0.1.0',
  name: 'app',
  prefix: '/usr/local/app',
  files: [{ path: '/usr/bin/app' }, { path: '/usr/share/app' }],
  remarks: [],
  mode: 'flix',
  entries: ['/usr/bin/app'],
  open: [],
};
/** As flix writes it. */
const written = (more: object = {}) => `${JSON.stringify({ ...whole, ...more }, undefined, 1)}\n`;

function unreadable(text: string, more: Files = {}, path = MANIFEST) {
  const view = tree({ [path]: { text }, ...more });
  const found = unreadableManifestsIn(view);
  if (found.length > 0) expect(manifestsIn(view)).toEqual([]);
  return found.map(flaw => `${flaw.kind}: ${flaw.path} ${flaw.message}`);
}

describe('the manifests of a tree', () => {
  it('are found in /opt and next to those of other extensions', () => {
    const other = { text: written({ prefix: '/opt/other' }) };
    const view = tree({ [MANIFEST]: { text: written() }, '/opt/other/manifest.json': other });
    expect(manifestsIn(view).map(({ prefix }) => prefix)).toEqual(['/usr/local/app', '/opt/other']);
    expect(unreadableManifestsIn(view)).toEqual([]);
  });
});

describe('a manifest of an earlier flix', () => {
  it('may have the member proof', () => {
    const view = tree({ [MANIFEST]: { text: written({ proof: { loader: 'not asked' } }) } });
    expect(manifestsIn(view).map(({ name }) => name)).toEqual(['app']);
  });
});

describe('a manifest that cannot be read', () => {
  it.each([
    [written().slice(0, 150), 'no JSON', 'is not JSON: it ends too early, in line 11'],
    [written().replace('"files"', ',"files"'), 'no JSON', 'is not JSON: line 6, column 2'],
    [written({ files: undefined }), 'wrong member', 'is damaged: files is not what flix writes'],
    [
      written({ files: [{ path: '/x' }, {}] }),
      'wrong member',
      'is damaged: files[1] is not what flix writes',
    ],
    [written({ files: [{ path: '/x', edits: [{ offset: -1, before: '', after: '' }] }] }), 'wrong member', 'is damaged: files[0] is not what flix writes'], // prettier-ignore
    [written({ files: [{ path: '/x', sha256: 'aa' }] }), 'wrong member', 'is damaged: files[0] is not what flix writes'], // prettier-ignore
    [written({ files: [{ path: '/x', link: 1 }] }), 'wrong member', 'is damaged: files[0] is not what flix writes'], // prettier-ignore
    [written({ remarks: undefined }), 'wrong member', 'is damaged: remarks is not what flix writes'],
    [written({ remarks: [null] }), 'wrong member', 'is damaged: remarks[0] is not what flix writes'],
    [written({ name: 7 }), 'wrong member', 'is damaged: name is not what flix writes'],
    [written({ entries: ['/x', 1] }), 'wrong member', 'is damaged: entries[1] is not what flix writes'],
    [written({ open: [null] }), 'wrong member', 'is damaged: open[0] is not what flix writes'],
    [written({ open: undefined }), 'wrong member', 'is damaged: open is not what flix writes'],
    [written({ mode: 'snap' }), 'wrong member', 'is damaged: mode is not what flix writes'],
    [written({ mode: 'flatwrap' }), 'wrong member', 'is damaged: view is not what flix writes'],
    [written({ mode: 'flatwrap', view: { needs: [{}] } }), 'wrong member', 'is damaged: view.needs[0] is not what flix writes'], // prettier-ignore
    [written({ mode: 'flatwrap', view: { needs: [], mounts: [{ from: '/../etc', to: '/etc' }] } }), 'wrong member', 'is damaged: view.mounts[0] is not what flix writes'], // prettier-ignore
    [written({ mode: 'flatwrap', view: { needs: [], mounts: [], form: 'tent' } }), 'wrong member', 'is damaged: view.form is not what flix writes'], // prettier-ignore
    [written({ schema: 'flix.manifest/one' }), 'wrong member', 'is damaged: schema is not what flix writes'],
    [written({ schema: 'flix.manifest/0' }), 'wrong member', 'is damaged: schema is not what flix writes'],
    [written({ schema: 'flix.manifest/2' }), 'newer schema', 'was made by a newer flix: its schema is flix.manifest/2'], // prettier-ignore
    [written({ schema: 'flix.manifest/10', files: {} }), 'newer schema', 'was made by a newer flix: its schema is flix.manifest/10'], // prettier-ignore
  ])('is reported with the reason, case %#: %s', (text, kind, message) => {
    expect(unreadable(text)).toEqual([`${kind}: ${MANIFEST} ${message}`]);
  });

  it('is attributed to the tree without its prefix if an extension has the name of its directory', () => {
    for (const text of [written({ prefix: 1 }), written({ schema: 'flix.manifest/2', prefix: undefined })]) {
      expect(unreadable(text, RELEASE)).toHaveLength(1);
      expect(unreadable(text)).toEqual([]);
      expect(unreadable(text, RELEASE, '/usr/share/doc/manifest.json')).toEqual([]);
    }
  });

  it('is recognised by the files next to it if its text is lost', () => {
    for (const text of ['', '\0\0\0\0', written().slice(3, 200)]) {
      expect(unreadable(text, { ...RELEASE, ...LOADER })).toHaveLength(1);
      expect(unreadable(text, { ...RELEASE, '/usr/local/app/enter': { text: '' } })).toHaveLength(1);
    }
    expect(unreadable('', { ...RELEASE, ...LOADER })).toEqual([`no JSON: ${MANIFEST} is empty`]);
  });

  it('is recognised wherever it was cut off', () => {
    const text = written();
    for (let length = 0; length < text.trimEnd().length; length++)
      expect(unreadable(text.slice(0, length), { ...RELEASE, ...LOADER }), `${length}`).toHaveLength(1);
  });
});

describe('a manifest.json of another program or tree', () => {
  const ours = { ...RELEASE, ...LOADER };

  it.each([
    ['a web app', '{"name": "App", "start_url": "/", "icons": []}', ours],
    ['a list', '["flix.manifest/1"]', ours],
    ['a text that mentions our schema', '{"reads": {"schema": "flix.manifest/1"}}', ours],
    ['another schema', '{"schema": "flix.manifests/9", "prefix": 1}', ours],
    ['JSON with comments, without our loader', '// of the app\n{"name": "App"}', RELEASE],
    ['JSON with comments, without a release file', '// of the app\n{"name": "App"}', LOADER],
    ['an empty file in a tree that is not ours', '', {}],
  ])('is ignored: %s', (_, text, more) => {
    expect(unreadable(text, more)).toEqual([]);
  });

  it.each([
    ['whole', written()],
    ['cut off', written().slice(0, 150)],
    ['of a newer flix', written({ schema: 'flix.manifest/2' })],
    ['damaged', written({ files: {} })],
  ])('is not judged at another path: %s', (_, text) => {
    expect(unreadable(text, ours, '/usr/share/doc/app/manifest.json')).toEqual([]);
    expect(unreadable(text, ours, '/usr/local/other/manifest.json')).toEqual([]);
  });
});

describe('a manifest whose paths lead out of its root', () => {
  it.each([
    [{ files: [{ path: '/../../etc/shadow' }] }, 'files[0]'],
    [{ files: [{ path: '/usr/bin/../../../etc/passwd' }] }, 'files[0]'],
    [{ files: [{ path: 'usr/bin/app' }] }, 'files[0]'],
    [{ entries: ['/../app'] }, 'entries[0]'],
  ])('is damaged: %j', (more, member) => {
    expect(unreadable(written(more), RELEASE)).toEqual([
      `wrong member: ${MANIFEST} is damaged: ${member} is not what flix writes`,
    ]);
  });
});
