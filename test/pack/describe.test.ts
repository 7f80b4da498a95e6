import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeImage } from '../../src/pack/describe.ts';
import type { PackOptions } from '../../src/pack/options.ts';
import { listener, scratch } from '../io/scratch.ts';
import { makeRoot } from '../cli/flix.ts';
import type { FileRecipe } from '../lab/fixture.ts';
import { leastOptions } from './sample.ts';

const at = scratch();
const EM_AARCH64 = 183;
const release = { '/usr/lib/extension-release.d/extension-release.x': { text: 'ID=_any\n' } };

function look(files: Readonly<Record<string, FileRecipe>>, options: Partial<PackOptions> = {}) {
  const progress = listener();
  const tree = makeRoot(at('tree'), files, 'none');
  return { ...describeImage(tree, { ...leastOptions(progress), ...options }), said: progress.said };
}

function code(files: Readonly<Record<string, FileRecipe>>, options: Partial<PackOptions> = {}) {
  try {
    look(files, options);
    return 'accepted';
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

describe('describeImage, for the architecture', () => {
  const mixed = { ...release, '/usr/lib/a.so': {}, '/usr/lib/b.so': { machine: EM_AARCH64 } };

  it('takes the architecture of the programs and libraries', () => {
    expect(
      look({ ...release, '/usr/lib/a.so': { machine: EM_AARCH64 }, '/usr/lib/bpf.o': { type: 1 } }),
    ).toMatchObject({
      architecture: 'arm64',
      release: { text: 'ID=_any\nARCHITECTURE=arm64\n', written: 'changed' },
    });
    expect(fs.readFileSync(at('tree/usr/lib/extension-release.d/extension-release.x'), 'utf8')).toBe(
      'ID=_any\n',
    );
  });

  it('refuses two architectures and lists their files', () => {
    expect(code(mixed)).toMatch(
      /^mixed-architectures: [^]*\nx86-64: \/usr\/lib\/a\.so\narm64: \/usr\/lib\/b\.so$/,
    );
  });

  it('accepts an architecture that the user names if a file has it', () => {
    expect(look(mixed, { architecture: 'arm64' }).architecture).toBe('arm64');
    fs.rmSync(at('tree'), { recursive: true });
    expect(code(mixed, { architecture: 's390x' })).toMatch(/^wrong-architecture/);
  });
});

describe('describeImage, for the modes of directories', () => {
  const narrow = (path: string, mode = 0o700) => ({ ...release, [path]: { directory: true, mode } as const });

  it('refuses a directory that locks users out of that of the host, unless it is forced', () => {
    expect(code(narrow('/usr/bin'))).toMatch(/^locks-users-out: .*usr\/bin \(mode 700\)$/);
    fs.rmSync(at('tree'), { recursive: true });
    expect(code(narrow('/usr/lib/systemd/system', 0o750))).toMatch(/^locks-users-out/);
    fs.rmSync(at('tree'), { recursive: true });
    expect(code(narrow('/usr/bin'), { force: true })).toBe('accepted');
  });

  it('accepts it for the tops, for own directories, and for a portable service', () => {
    for (const path of ['/usr', '/usr/lib/x', '/usr/share/x/data']) {
      expect(code(narrow(path))).toBe('accepted');
      fs.rmSync(at('tree'), { recursive: true });
    }
    expect(code(narrow('/usr/bin'), { type: 'portable', name: 'x' })).toMatch(/^no-os-release/);
  });
});

describe('describeImage, for the output', () => {
  it('puts the name, version and architecture into the file name', () => {
    const { output, said } = look({ ...release, '/usr/lib/a.so': {} }, { version: '1.2~rc1' });
    expect(output).toBe(at('x-1.2~rc1-x86-64.raw'));
    expect(said).toEqual([]);
  });

  it('refuses the tree itself and paths in or above it', () => {
    expect(code(release, { name: 'x', output: at('tree') })).toMatch(/^output-is-tree/);
    fs.rmSync(at('tree'), { recursive: true });
    expect(code(release, { name: 'x', output: at('tree/usr/x.raw') })).toMatch(/^output-in-tree/);
    fs.rmSync(at('tree'), { recursive: true });
    expect(code(release, { name: 'x', format: 'directory', output: at() })).toMatch(/^output-holds-tree/);
  });
});

describe('describeImage, for what a format does not support', () => {
  it.each<[Partial<PackOptions>]>([
    [{ format: 'tar', verity: true }],
    [{ format: 'directory', verity: true }],
    [{ format: 'ext4', labels: () => 'x' }],
    [{ format: 'directory', labels: () => 'x' }],
  ])('refuses %j', options => {
    expect(code(release, { name: 'x', ...options })).toMatch(/^unfit-format/);
  });
});

describe('describeImage, for the release file', () => {
  it('refuses an extension that systemd would ignore, with the reason', () => {
    const host = new Map([['ID', 'lab']]);
    expect(code(release, { host, release: { id: 'other' } })).toBe(
      'ignored-release: systemd would ignore the image: ID=other, but the host has ID=lab',
    );
  });

  it('compares the level of the type of the extension', () => {
    const host = new Map([
      ['ID', 'lab'],
      ['VERSION_ID', '3'],
      ['CONFEXT_LEVEL', '2'],
    ]);
    const options = { host, name: 'x', release: { id: 'lab', level: '2' } };
    expect(code({ '/usr/lib/a.so': {} }, options)).toContain('VERSION_ID');
    fs.rmSync(at('tree'), { recursive: true });
    expect(() => look({ '/etc/x/conf': { text: '' } }, { ...options, type: 'confext' })).not.toThrow();
  });

  it('reports that it writes a release file into a tree without one', () => {
    const { release: written, said } = look({ '/usr/lib/a.so': {} }, { name: 'x' });
    expect(written).toEqual({
      path: '/usr/lib/extension-release.d/extension-release.x',
      text: 'ID=_any\nARCHITECTURE=x86-64\n',
      written: 'new',
    });
    expect(said.join()).toContain('the image gets one with ID=_any, ARCHITECTURE=x86-64');
  });
});

describe('describeImage, for a configuration extension', () => {
  it('accepts only etc, and puts the release file there', () => {
    const { release: written } = look({ '/etc/x/conf': { text: '' } }, { type: 'confext', name: 'x' });
    expect(written?.path).toBe('/etc/extension-release.d/extension-release.x');
    fs.rmSync(at('tree'), { recursive: true });
    expect(code(release, { type: 'confext' })).toMatch(
      /contains usr, but systemd merges only the directory etc of a configuration/,
    );
  });
});

describe('describeImage, for a portable service', () => {
  const service = {
    '/usr/lib/os-release': { text: 'ID=x\n' },
    '/usr/lib/systemd/system/x.service': { text: '' },
  };

  it('accepts a system with units of its name, and warns of missing mount points', () => {
    const { said, release: none } = look(service, { type: 'portable', name: 'x_1.0' });
    expect(none).toBeUndefined();
    expect(said.join()).toContain(
      'lacks /proc, /sys, /dev, /run, /tmp, /var/tmp, /etc/resolv.conf, /etc/machine-id',
    );
  });

  it.each([
    ['no-os-release', { '/usr/lib/systemd/system/x.service': { text: '' } }],
    [
      'no-units',
      { ...service, '/usr/lib/systemd/system/x.service': { directory: true }, '/etc/x': { text: '' } },
    ],
    [
      'no-units',
      { '/usr/lib/os-release': { text: 'ID=x\n' }, '/usr/lib/systemd/system/xy.service': { text: '' } },
    ],
  ] as const)('refuses any other tree: %s', (why, files) => {
    expect(code(files, { type: 'portable', name: why === 'no-units' ? 'z' : 'x' })).toMatch(
      new RegExp(`^${why}`),
    );
  });
});
