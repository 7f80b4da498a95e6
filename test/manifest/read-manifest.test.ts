import { describe, expect, it } from 'vitest';
import type { HostLibrary, ManifestHost } from '../../src/manifest/manifest.ts';
import { readManifest } from '../../src/manifest/read-manifest.ts';

const library: HostLibrary = {
  name: 'libz.so.1',
  paths: ['/usr/lib/libz.so.1'],
  versions: [],
  symbols: ['inflate'],
  neededBy: '/usr/bin/app',
};
const host: ManifestHost = {
  claim: 'ID=debian VERSION_ID=13',
  covers: true,
  hosts: ['debian 13'],
  interpreters: ['/lib64/ld-linux-x86-64.so.2'],
  libraries: [library],
  files: ['/usr/bin/sh'],
  choices: [{ name: 'libz.so.1', from: 'host', because: 'debian 13 provides it' }],
};

function read(member: unknown) {
  const text = JSON.stringify({
    schema: 'flix.manifest/1',
    name: 'app',
    prefix: '/usr/local/app',
    mode: 'host-bound',
    seal: 'none',
    entries: [],
    open: [],
    remarks: [],
    files: [],
    host: member,
  });
  const found = readManifest(text)!;
  return 'manifest' in found ? found.manifest.host : found.flaw.message;
}

describe('the manifest of a host-bound tree', () => {
  it('is read with what it expects of its hosts', () => {
    expect(read(host)).toEqual(host);
  });

  it.each<[string, unknown]>([
    ['host', undefined],
    ['host', { ...host, claim: 1 }],
    ['host.hosts[0]', { ...host, hosts: [1] }],
    ['host.interpreters[0]', { ...host, interpreters: ['../ld.so'] }],
    ['host.libraries[0]', { ...host, libraries: [{ ...library, paths: ['/../etc'] }] }],
    ['host.libraries[0]', { ...host, libraries: [{ ...library, symbols: 'inflate' }] }],
    ['host.files', { ...host, files: '/usr' }],
    ['host.choices[0]', { ...host, choices: [{}] }],
  ])('is damaged if %s is not what flix writes: %j', (member, given) => {
    expect(read(given)).toBe(`is damaged: ${member} is not what flix writes`);
  });
});
