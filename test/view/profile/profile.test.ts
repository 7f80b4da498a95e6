import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { PT_LOAD } from '../../../src/elf/constants.ts';
import { shortDigest } from '../../../src/view/digest.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { follow } from '../../../src/view/follow.ts';
import { objectAt } from '../../../src/view/object.ts';
import { decodeProfile, encodeProfile } from '../../../src/view/profile/profile.ts';
import { profileView } from '../../../src/view/profile/profile-view.ts';
import { snapshot } from '../../../src/view/profile/snapshot.ts';
import { readText } from '../../../src/view/text.ts';
import { host, LIB, removeRoots, root } from '../../audit/world.ts';
import { scratch } from '../../io/scratch.ts';
import { has } from '../../lab/requires.ts';
import { labRoot } from '../../lab/roots.ts';

const at = scratch();
afterAll(removeRoots);

const profileOf = (directory: string) => encodeProfile(snapshot(directoryView(directory)));
const viewOf = (directory: string) => profileView(decodeProfile(profileOf(directory), 'profile'));

describe('a profile', () => {
  const small = root('small', {
    ...host('ID=debian\nVERSION_ID=13\n'),
    '/usr/share/data': { text: 'data' },
    '/etc/shadow': { text: 'root:secret', mode: 0o640 },
    '/usr/lib/tmpfiles.d/x.conf': { link: '/etc/shadow' },
    '/etc/passwd': { text: 'root:x:0:0' },
    '/usr/bin/awk': { link: '/etc/alternatives/awk' },
    '/etc/alternatives/awk': { link: '/usr/bin/sh' },
    '/usr/tmp': { link: '../var/tmp' },
    '/var/tmp/x': { text: '' },
  });

  it('has the label of its root and shows the same names, links and objects', () => {
    const view = viewOf(small);
    expect(view.label).toBe('debian 13');
    expect([...view.list('/usr')]).toEqual([...directoryView(small).list('/usr')]);
    expect(follow(view, '/usr/bin/awk').path).toBe('/usr/bin/sh');
    const facts = objectAt(view, `${LIB}/libc.so.6`).facts;
    expect(facts?.versions?.defines).toEqual(['GLIBC_2.2.5', 'GLIBC_2.36']);
    expect(objectAt(view, '/usr/share/data').facts).toBeUndefined();
  });

  it('records of an object what decides whether a loader loads it', () => {
    const stack = { stack: 'executable' } as const;
    const place = root('stack', { '/usr/lib/libx.so': stack, '/usr/lib/liby.so': {} });
    for (const file of ['/usr/lib/libx.so', '/usr/lib/liby.so']) {
      const { executableStack, segments } = objectAt(directoryView(place), file).facts!;
      expect(objectAt(viewOf(place), file).facts).toMatchObject({
        executableStack,
        segments: segments.filter(({ type }) => type === PT_LOAD),
      });
    }
  });

  it('contains the configuration of a host and no other contents', () => {
    const view = viewOf(small);
    expect(readText(view, '/etc/passwd')).toBe('root:x:0:0');
    expect(readText(view, '/usr/share/data')).toBeUndefined();
    expect(readText(view, '/etc/shadow')).toBeUndefined();
    expect(view.kind('/etc/shadow')).toBe('file');
  });

  it('has digests of the files of /etc that everybody may read, and of no others', () => {
    const view = viewOf(small);
    expect(shortDigest(view, '/etc/passwd')).toBe(shortDigest(directoryView(small), '/etc/passwd'));
    expect(shortDigest(view, '/etc/shadow')).toBeUndefined();
    expect(view.stat('/etc/shadow').size).toBe('root:secret'.length);
  });

  it('records that a link leads to a directory outside, but not its contents', () => {
    const view = viewOf(small);
    expect(follow(view, '/usr/tmp').path).toBe('/var/tmp');
    expect(view.kind('/var/tmp/x')).toBeUndefined();
  });

  it('treats hard links, and only those, as one file', () => {
    const directory = at('links');
    fs.mkdirSync(path.join(directory, 'usr/lib'), { recursive: true });
    for (const name of ['a', 'c']) fs.writeFileSync(path.join(directory, 'usr/lib', name), 'x');
    fs.linkSync(path.join(directory, 'usr/lib/a'), path.join(directory, 'usr/lib/b'));
    const view = viewOf(directory);
    const [a, b, c] = ['a', 'b', 'c'].map(name => view.stat(`/usr/lib/${name}`).id);
    expect(b).toBe(a);
    expect(c).not.toBe(a);
  });

  it('records the package that owns an ELF file, as far as the host knows it', () => {
    const ownerOf = (_: unknown, file: string) =>
      file.includes('/lib') ? { name: 'libs', version: '1.0-2' } : undefined;
    const lines = snapshot(directoryView(small), ownerOf);
    const view = profileView(decodeProfile(encodeProfile(lines), 'profile'));
    const elf = lines.flatMap(line => ('elf' in line ? [line.elf] : []));
    expect(elf.length).toBeGreaterThan(1);
    for (const file of elf)
      expect(view.record!.package(file)).toEqual(file.includes('/lib') ? ['libs', '1.0-2'] : undefined);
    expect(profileView(decodeProfile(profileOf(small), 'profile')).record!.package(elf[0]!)).toBeUndefined();
  });

  it('is the same whenever it is made', () => {
    expect(Buffer.compare(profileOf(small), profileOf(small))).toBe(0);
  });

  it.each([
    ['no gzip', Buffer.from('{}')],
    ['another schema', gzipSync('{"schema":"flix.host-profile/9","label":"x"}')],
    ['no JSON', gzipSync('{')],
    ['nothing', gzipSync('')],
    ['a line that is none', gzipSync('{"schema":"flix.host-profile/1","label":"x"}\n{"elf":"/usr/bin/x"}')],
    ['no object', gzipSync('{"schema":"flix.host-profile/1","label":"x"}\nnull')],
  ])('is refused if it is %s', (_, bytes) => {
    expect(() => decodeProfile(bytes, 'some.profile')).toThrow(/^some\.profile is not a host profile: /);
  });
});

describe.runIf(has('archive'))('the profile of a real root', () => {
  it('takes less than 2 MB per GB', { timeout: 300_000 }, async () => {
    expect(profileOf(await labRoot('media-bookworm')).length).toBeLessThan(1.4 * 1024 * 1024);
    expect(profileOf(await labRoot('host-trixie')).length).toBeLessThan(700 * 1024);
  });
});
