import { expect, it } from 'vitest';
import { mountsOf } from '../../src/wrap/mounts.ts';
import { unitDropIn } from '../../src/wrap/unit.ts';
import type { Form } from '../../src/wrap/wrapping.ts';

function dropIn(form: Form, prefix = '/usr/local/app'): string {
  const binds = [{ host: '/srv/a b:c%d', inside: '/usr/share/in', readOnly: false }];
  const mounts = mountsOf({ form, prefix, own: [], binds, cache: true });
  return unitDropIn({ name: 'app', prefix, form, runner: 'auto', mounts });
}

it('has systemd mount the staged /usr over the host’s', () => {
  expect(dropIn('overmount')).toBe(`\
[Service]
BindReadOnlyPaths=/usr/local/app/usr:/usr
BindPaths=/usr/local:/usr/local
BindPaths=-/usr/lib/modules:/usr/lib/modules
BindPaths=-/usr/share/fonts:/usr/share/fonts
BindPaths=-/usr/share/zoneinfo:/usr/share/zoneinfo
BindPaths=-/usr/share/ca-certificates:/usr/share/ca-certificates
BindPaths=/srv/a\\x20b\\x3ac%%d:/usr/share/in
BindReadOnlyPaths=/usr/local/app/ld.so.cache:/etc/ld.so.cache
`);
});

it('has systemd change the root', () => {
  const lines = dropIn('chroot', '/usr/lib/100%').split('\n');
  expect(lines.slice(0, 3)).toEqual(['[Service]', 'RootDirectory=/usr/lib/100%%', 'MountAPIVFS=no']);
  expect(lines).toContain('BindPaths=/dev:/dev');
  expect(lines).toContain('BindPaths=-/home:/home');
  expect(lines).not.toContain('BindReadOnlyPaths=/usr/lib/100%%:/');
});
