import { afterAll, describe, expect, it } from 'vitest';
import { auditOf, briefOf, extension, type Files, host, removeRoots } from '../world.ts';

afterAll(removeRoots);

const found = (kind: string, files: Files) =>
  briefOf(auditOf({ extensions: { app: files }, hosts: { debian: host() } }).findings, kind);

describe('metadata/blocks-all', () => {
  const text = { text: 'ID=other\n' };

  it('is an os-release of the extension’s own, a link to one too', () => {
    const error = ['error metadata/blocks-all /usr/lib/os-release'];
    expect(found('metadata/blocks-all', extension('app', { '/usr/lib/os-release': text }))).toEqual(error);
    const link = { '/usr/lib/os-release': { link: '../share/os' }, '/usr/share/os': text };
    expect(found('metadata/blocks-all', extension('app', link))).toEqual(error);
  });

  it('is none where nothing is merged, or below another name', () => {
    expect(found('metadata/blocks-all', extension('app', { '/etc/os-release': text }))).toEqual([]);
    expect(found('metadata/blocks-all', extension('app', { '/usr/lib/os-release.d': text }))).toEqual([]);
  });
});
