import { describe, expect, it } from 'vitest';
import { prefixFiles } from '../../src/wrap/wrapper.ts';
import { mountsOf, mountTable, type ViewChoices } from '../../src/wrap/mounts.ts';
import type { Form } from '../../src/wrap/wrapping.ts';

const choices = (form: Form, more: Partial<ViewChoices> = {}): ViewChoices => ({
  form,
  prefix: '/usr/local/app',
  own: [],
  binds: [],
  cache: true,
  ...more,
});

const table = (form: Form, more?: Partial<ViewChoices>) => mountTable(mountsOf(choices(form, more)));

describe('overmount', () => {
  it('shows the staged /usr with the host’s /usr/local, and the staged cache', () => {
    expect(table('overmount')).toBe(`\
/usr/local /usr/local/app/usr/local none rbind 0 0
/usr/lib/modules /usr/local/app/usr/lib/modules none rbind,nofail 0 0
/usr/share/fonts /usr/local/app/usr/share/fonts none rbind,nofail 0 0
/usr/share/zoneinfo /usr/local/app/usr/share/zoneinfo none rbind,nofail 0 0
/usr/share/ca-certificates /usr/local/app/usr/share/ca-certificates none rbind,nofail 0 0
/usr/local/app/ld.so.cache /etc/ld.so.cache none bind 0 0
/usr/local/app/usr /usr none rbind 0 0
`);
  });

  it('binds directories of the host before it covers the host’s /usr', () => {
    const binds = [{ host: '/usr/share/fonts', inside: '/usr/share/fonts', readOnly: true }];
    const lines = table('overmount', { binds }).split('\n');
    expect(lines[5]).toBe('/usr/share/fonts /usr/local/app/usr/share/fonts none rbind,ro 0 0');
    expect(lines.at(-2)).toBe('/usr/local/app/usr /usr none rbind 0 0');
  });

  it('keeps a staged /usr/local', () => {
    expect(table('overmount', { own: ['/usr/local'] })).not.toContain('/usr/local ');
  });
});

describe('chroot', () => {
  it('shows the host’s directories in the staged root, except those that a host lacks', () => {
    const lines = table('chroot').split('\n');
    expect(lines[0]).toBe('/usr/local/app /usr/local/app none rbind 0 0');
    expect(lines).toContain('/dev /usr/local/app/dev none rbind 0 0');
    expect(lines).toContain('/home /usr/local/app/home none rbind,nofail 0 0');
    // after /etc, which would hide it
    expect(lines.at(-2)).toBe('/usr/local/app/ld.so.cache /usr/local/app/etc/ld.so.cache none bind 0 0');
  });

  it('keeps a staged /var, with the host’s /var/tmp in it', () => {
    const text = table('chroot', { own: ['/etc', '/var', '/home'] });
    expect(text).not.toMatch(/^\/(?:etc|var|home) /m);
    expect(text).toContain('/var/tmp /usr/local/app/var/tmp ');
    expect(table('chroot')).not.toContain('/var/tmp');
  });

  it('shows no data of the host to which only links in its /etc lead, if /etc is staged', () => {
    const text = table('chroot', { own: ['/etc'] });
    expect(text).toContain('/usr/lib/modules ');
    expect(text).not.toContain('zoneinfo');
  });

  it('uses the cache of a staged /etc', () => {
    expect(table('chroot', { own: ['/etc'] })).not.toContain('ld.so.cache');
  });
});

it('has a table for hosts without a cache, if it mounts a cache', () => {
  const files = (cache: boolean) => {
    const view = choices('overmount', { cache });
    return prefixFiles({ ...view, name: 'app', runner: 'auto', mounts: mountsOf(view) });
  };
  expect(files(true).get('fstab.no-cache')).not.toContain('ld.so.cache');
  expect(files(true).get('fstab.no-cache')).toContain('/usr/local/app/usr /usr');
  expect([...files(false).keys()]).toEqual(['fstab', 'enter', 'try']);
});

it('escapes characters that would end a field or begin a comment', () => {
  const mounts = [{ from: '/a b\t\n#\\', to: '/ü', kind: 'bind' as const }];
  expect(mountTable(mounts)).toBe(String.raw`/a\040b\011\012\043\134 /ü none bind 0 0` + '\n');
});
