import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import { writeElf } from '../lab/elf-writer.ts';
import type { LoaderName } from '../lab/fixture.ts';
import { base, type Files, holds, LIB, planOf, PRIVATE, program, refusal, rootAt, told } from './plan.ts';

const at = scratch();
let roots = 0;
const whole = (files: Files, paths: readonly string[], more: Partial<PlanRequest> = {}) =>
  planOf(rootAt(at(`root-${roots++}`), { ...base, ...files }), paths, more);
/** Without PT_DYNAMIC, which is the second of its two program headers. */
function staticProgram(): Uint8Array {
  const bytes = writeElf({ type: 'exec' });
  bytes[64 + 56] = 0;
  return bytes;
}

const app: Files = { '/usr/bin/app': program() };

describe('a library that is opened at run time', () => {
  it('is copied even if the first program is static', () => {
    const root = rootAt(at('static'), { ...base, ...app });
    fs.writeFileSync(at('static/usr/bin/a-static'), staticProgram());
    const plan = planOf(root, ['/usr/bin/a-static', '/usr/bin/app']);
    expect(plan.entries).toEqual(['/usr/bin/a-static', '/usr/bin/app']);
    expect(holds(plan, PRIVATE)).toContain(`${PRIVATE}/libgcc_s.so.1`);
    const { code } = refusal(() =>
      planOf(root, ['/usr/bin/a-static', '/usr/bin/app'], { dlopen: ['libgone.so'] }),
    );
    expect(code).toBe('missing-library');
  });

  it('may be missing if --dlopen does not name it', () => {
    const root = { ...base, ...app };
    const { [`${LIB}/libgcc_s.so.1`]: _, ...without } = root;
    const plan = planOf(rootAt(at('without'), without), ['/usr/bin/app']);
    expect(holds(plan, PRIVATE)).toEqual([`${PRIVATE}/ld-linux-x86-64.so.2`, `${PRIVATE}/libc.so.6`]);
  });

  it('is opened by glibc itself before 2.34: the NSS modules for files and dns', () => {
    const nss: Files = {
      ...app,
      [`${LIB}/libnss_files.so.2`]: { soname: 'libnss_files.so.2', needed: ['libc.so.6'] },
      [`${LIB}/libnss_dns.so.2`]: { soname: 'libnss_dns.so.2', needed: ['libresolv.so.2', 'libc.so.6'] },
      [`${LIB}/libresolv.so.2`]: { soname: 'libresolv.so.2', needed: ['libc.so.6'] },
    };
    const names = (loader: LoaderName) => {
      const plan = planOf(rootAt(at(loader), { ...base, ...nss }, loader), ['/usr/bin/app']);
      return holds(plan, PRIVATE).filter(line => /nss|resolv/.test(line));
    };
    expect(names('glibc-2.31')).toEqual(
      ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map(name => `${PRIVATE}/${name}`),
    );
    expect(names('glibc')).toEqual([]);
  });

  it('is not opened by musl itself, not even libgcc_s', () => {
    const interp = '/lib/ld-musl-x86_64.so.1';
    const root = rootAt(
      at('musl'),
      {
        '/usr/bin/app': { interp, needed: ['libc.so'] },
        '/usr/lib/libgcc_s.so.1': { soname: 'libgcc_s.so.1' },
      },
      'musl',
    );
    expect(holds(planOf(root, ['/usr/bin/app'], { seal: 'none' }), PRIVATE).join()).not.toContain('libgcc_s');
  });

  const plugin: Files = {
    ...app,
    '/usr/lib/libplugin.so.1': { soname: 'libplugin.so.1', needed: ['libdep.so.2', 'libc.so.6'] },
  };

  it('is copied with everything that it needs', () => {
    const files: Files = { ...plugin, '/usr/lib/libdep.so.2': { soname: 'libdep.so.2' } };
    const plan = whole(files, ['/usr/bin/app'], { dlopen: ['libplugin.so.1'] });
    expect(told(plan, `${PRIVATE}/libplugin.so.1`)).toBe('library: opened by /usr/bin/app at run time');
    expect(told(plan, `${PRIVATE}/libdep.so.2`)).toBe(
      'library: needed by /usr/lib/libplugin.so.1 as libdep.so.2',
    );
  });

  it.each<[string, Files, string, string, string]>([
    ['does not exist', app, 'libgone.so.1', 'missing-library', 'libgone.so.1, which --dlopen names'],
    [
      'needs a missing library',
      plugin,
      'libplugin.so.1',
      'missing-library',
      'libdep.so.2 is missing, needed by /usr/lib/libplugin.so.1',
    ],
    [
      'is a linker script',
      { ...app, '/usr/lib/libt.so': { text: 'GROUP(x)' } },
      'libt.so',
      'not-loadable',
      '/lib/libt.so',
    ],
  ])('is refused if it %s', (_, files, name, code, says) => {
    const found = refusal(() => whole(files, ['/usr/bin/app'], { dlopen: [name] }));
    expect(found.code).toBe(code);
    expect(found.message).toContain(says);
  });

  it('is refused if no program is dynamically linked', () => {
    const files: Files = { '/usr/share/data': { text: '' } };
    expect(refusal(() => whole(files, ['/usr/share/data'], { dlopen: ['libx.so'] })).code).toBe(
      'nothing-dynamic',
    );
  });

  it('may need a library that --exclude-lib left out', () => {
    const plan = whole(plugin, ['/usr/bin/app'], {
      dlopen: ['libplugin.so.1'],
      excluded: name => (name === 'libdep.so.2' ? 'comes with the driver' : undefined),
    });
    expect(holds(plan, PRIVATE)).toContain(`${PRIVATE}/libplugin.so.1`);
  });
});

describe('a library that stays at its path', () => {
  const served = (files: Files, paths: readonly string[]) => {
    const plan = whole(files, paths);
    return holds(plan, PRIVATE).filter(line => line.includes('plugin'));
  };

  it.each<[string, Files, string]>([
    ['a default directory', { '/usr/lib/plugin.so': {} }, '/usr/lib/plugin.so'],
    [
      'a directory of ld.so.conf',
      { '/etc/ld.so.conf': { text: '/opt/app/lib\n' }, '/opt/app/lib/plugin.so': {} },
      '/opt/app/lib/plugin.so',
    ],
    [
      'a run path',
      { '/usr/bin/app': program({ runpath: '$ORIGIN/../lib/app' }), '/usr/lib/app/plugin.so': {} },
      '/usr/lib/app/plugin.so',
    ],
  ])('can be opened by name if it was found through %s', (_, files, path) => {
    const directory = path.slice(0, path.lastIndexOf('/'));
    const asked = directory === '/usr/lib' ? path : directory;
    const [line, ...others] = served({ ...app, ...files }, ['/usr/bin/app', asked]);
    expect(line).toMatch(new RegExp(`^${PRIVATE}/plugin.so -> (?:\\.\\./)+.*plugin\\.so$`));
    expect(others).toEqual([]);
  });

  it.each<[string, Files]>([
    ['its directory was never searched', { '/usr/lib/app/plugin.so': {} }],
    [
      'it is not a library by name',
      { '/etc/ld.so.conf': { text: '/usr/lib/app\n' }, '/usr/lib/app/plugin.conf': { text: '' } },
    ],
    [
      'it is not an ELF file',
      { '/etc/ld.so.conf': { text: '/usr/lib/app\n' }, '/usr/lib/app/plugin.so': { text: '' } },
    ],
  ])('gets no link if %s', (_, files) => {
    expect(served({ ...app, ...files }, ['/usr/bin/app', '/usr/lib/app'])).toEqual([]);
  });

  it('yields to a library that is needed under the same name', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['plugin.so', 'libc.so.6'], runpath: '/opt/first:/usr/lib/app' }),
      '/opt/first/plugin.so': { soname: 'plugin.so' },
      '/usr/lib/app/plugin.so': { soname: 'plugin.so' },
    };
    const plan = whole(files, ['/usr/bin/app', '/usr/lib/app']);
    expect(told(plan, `${PRIVATE}/plugin.so`)).toBe('library: needed by /usr/bin/app as plugin.so');
  });
});
