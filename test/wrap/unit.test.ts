import { expect, it } from 'vitest';
import { unitPrograms } from '../../src/systemd/exec-lines.ts';
import { mountsOf } from '../../src/wrap/mounts.ts';
import { unitDropIn } from '../../src/wrap/unit.ts';
import type { Form } from '../../src/wrap/wrapping.ts';

function dropIn(form: Form, prefix = '/usr/local/app'): string {
  const binds = [{ host: '/srv/a b:c%d', inside: '/usr/share/in', readOnly: false }];
  const mounts = mountsOf({ form, prefix, own: [], binds, cache: true });
  return unitDropIn({ name: 'app', prefix, form, runner: 'auto', mounts });
}

it('lets systemd cover /usr', () => {
  expect(dropIn('overmount')).toBe(`\
[Service]
BindReadOnlyPaths=/usr/local/app/usr:/usr
BindPaths=/usr/local:/usr/local
BindPaths=/srv/a\\x20b\\x3ac%%d:/usr/share/in
BindReadOnlyPaths=/usr/local/app/ld.so.cache:/etc/ld.so.cache
`);
});

it('lets systemd change the root', () => {
  const lines = dropIn('chroot', '/usr/lib/100%').split('\n');
  expect(lines.slice(0, 3)).toEqual(['[Service]', 'RootDirectory=/usr/lib/100%%', 'MountAPIVFS=no']);
  expect(lines).toContain('BindPaths=/dev:/dev');
  expect(lines).toContain('BindPaths=-/home:/home');
  expect(lines).not.toContain('BindReadOnlyPaths=/usr/lib/100%%:/');
});

const units: readonly {
  readonly name: string;
  readonly text: string;
  readonly programs: readonly string[];
}[] = [
  {
    name: 'each program once, of whatever Exec line',
    text: 'ExecStartPre=/bin/a\nExecStart=/bin/b x\nExecReload=/bin/a -s\nExecStop = /bin/c\nExecCondition=/bin/d\nExecStopPost=/bin/e',
    programs: ['/bin/a', '/bin/b', '/bin/c', '/bin/d', '/bin/e'],
  },
  {
    name: 'none in other lines',
    text: 'ExecSearchPath=/opt/bin\nExecPaths=/x\n#ExecStart=/y\nWants=ExecStart=/z',
    programs: [],
  },
  {
    name: 'without prefixes',
    text: 'ExecStart=-@/bin/a argv0\nExecStart=!!/bin/b\nExecStart=+:/bin/c\nExecStart=|/bin/d',
    programs: ['/bin/a', '/bin/b', '/bin/c', '/bin/d'],
  },
  {
    name: 'out of quotes and escapes',
    text: `ExecStart="/opt/a b/c" 'x ; y'\nExecStart='/opt/d'\\x20e f\nExecStart=-"/opt/\\"g"`,
    programs: ['/opt/a b/c', '/opt/d e', '/opt/"g'],
  },
  {
    name: 'of several commands in a line',
    text: 'ExecStart=/bin/a 1 ; /bin/b \\; 2 ;',
    programs: ['/bin/a', '/bin/b'],
  },
  {
    name: 'of lines that go on',
    text: 'ExecStart=\\\n# a comment\n  /bin/a ; \\\n ;another\n  /bin/b',
    programs: ['/bin/a', '/bin/b'],
  },
  {
    name: 'not of lines that were taken back',
    text: 'ExecStartPre=/bin/p\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b',
    programs: ['/bin/p', '/bin/b'],
  },
  {
    name: 'not where only systemd knows the name',
    text: 'ExecStart=%h/bin/a\nExecStart=/bin/50%%',
    programs: ['/bin/50%'],
  },
  { name: 'by name, as they are written', text: 'ExecStart=nginx -g "daemon off;"', programs: ['nginx'] },
];

it.each(units)('finds programs: $name', ({ text, programs }) => {
  expect(unitPrograms(`[Service]\n${text}\n`)).toEqual(programs);
});
