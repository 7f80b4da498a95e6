import { describe, expect, it } from 'vitest';
import { placeGlibc, placeMusl } from '../../src/relocate/place.ts';

const amd64 = { loader: 'ld-linux-x86-64.so.2', interpreterRoom: 28, slots: lengths(22, 26, 5, 9) };
const arm64 = { loader: 'ld-linux-aarch64.so.1', interpreterRoom: 27, slots: lengths(23, 27, 5, 9) };
const i386 = { loader: 'ld-linux.so.2', interpreterRoom: 19, slots: lengths(20, 24, 5, 9) };
const fedora = { loader: 'ld-linux-x86-64.so.2', interpreterRoom: 28, slots: lengths(7, 11) };
const arch = { loader: 'ld-linux-x86-64.so.2', interpreterRoom: 28, slots: lengths(9) };
const tiny = { loader: 'ld.so.1', interpreterRoom: 28, slots: lengths(7) };

function lengths(...values: number[]) {
  return values.map(length => ({ length }));
}

// sha256 of the names: printf %s NAME | sha256sum
const LONG = '.c831d1d';

describe('glibc', () => {
  const place = (name: string, loader: typeof amd64) =>
    placeGlibc({ prefix: `/usr/local/${name}`, name, ...loader });
  const ten = 'abcdefghij';
  const eleven = 'abcdefghijk';
  const long = 'network-manager';

  it.each<[string, string, typeof amd64, slot: string | undefined, interpreter: string, viaAlias: boolean]>([
    ['amd64, short name', 'btop', amd64, '/usr/local/btop/lib/', '/usr/local/btop/ld.so', false],
    ['amd64, 10', ten, amd64, `/usr/local/${ten}/lib/`, `/usr/local/${ten}/ld.so`, false],
    ['amd64, 15', long, amd64, `/usr/local/${LONG}/lib/`, `/usr/local/${LONG}/ld.so`, true],
    [
      'arm64, 11: the path fits the slot but not the interpreter',
      eleven,
      arm64,
      `/usr/local/${eleven}/lib/`,
      expect.stringMatching(/^\/usr\/local\/\.[0-9a-f]{7}\/ld\.so$/),
      true,
    ],
    [
      'i386, whose interpreter patchelf has to set',
      long,
      i386,
      `/usr/local/${LONG}/lib/`,
      `/usr/local/${long}/ld.so`,
      true,
    ],
    ['11 bytes', 'btop', fedora, '/usr/.e7fc/', '/usr/local/btop/ld.so', true],
    ['9 bytes', 'btop', arch, '/usr/e7f/', '/usr/local/btop/ld.so', true],
    ['7 bytes', 'btop', tiny, undefined, '/usr/local/btop/ld.so', false],
  ])('%s', (_case, name, loader, slot, interpreter, viaAlias) => {
    expect(place(name, loader)).toMatchObject({
      libraryDirectory: `/usr/local/${name}/lib`,
      slot,
      interpreter,
      viaAlias,
    });
  });

  it('links the loader, and the alias to the directory above lib', () => {
    expect(place('btop', amd64).links).toEqual([
      { path: '/usr/local/btop/ld.so', target: 'lib/ld-linux-x86-64.so.2' },
    ]);
    expect(place(long, amd64).links).toEqual([
      { path: `/usr/local/${LONG}`, target: long },
      { path: `/usr/local/${long}/ld.so`, target: 'lib/ld-linux-x86-64.so.2' },
    ]);
  });

  it('links a short alias to lib itself, and puts ld.so there if the interpreter needs it', () => {
    expect(place('btop', fedora).links).toContainEqual({ path: '/usr/.e7fc', target: 'local/btop/lib' });
    const tight = place('btop', { ...fedora, interpreterRoom: 19 });
    expect(tight.interpreter).toBe('/usr/.e7fc/ld.so');
    expect(tight.links).toEqual([
      { path: '/usr/.e7fc', target: 'local/btop/lib' },
      { path: '/usr/local/btop/lib/ld.so', target: 'ld-linux-x86-64.so.2' },
    ]);
  });

  it('hashes the prefix if it is not the default, and puts the alias beside it', () => {
    const placed = placeGlibc({ prefix: '/usr/lib/network-manager', name: long, ...amd64 });
    const [alias] = placed.links;
    expect(alias).toEqual({
      path: expect.stringMatching(/^\/usr\/lib\/\.[0-9a-f]{7}$/) as unknown,
      target: long,
    });
    expect(alias!.path).not.toContain(LONG);
    expect(placed.slot).toBe(`${alias!.path}/lib/`);
  });
});

describe('musl', () => {
  const place = (name: string, interpreterRoom = 25) =>
    placeMusl({
      prefix: `/usr/local/${name}`,
      name,
      loader: 'libc.so',
      interpreterRoom,
      replaces: '/lib/ld-musl-x86_64.so.1',
    });

  it('uses the prefix itself for names of up to 9 bytes', () => {
    expect(place('abcdefghi')).toEqual({
      libraryDirectory: '/usr/local/abcdefghi/lib',
      slot: undefined,
      interpreter: '/usr/local/abcdefghi/l/l',
      links: [{ path: '/usr/local/abcdefghi/l/l', target: '../lib/libc.so' }],
      viaAlias: false,
      pathFile: {
        path: '/usr/local/abcdefghi/etc/ld-musl-x86_64.path',
        content: '/usr/local/abcdefghi/lib\n',
      },
    });
  });

  it('uses the alias for longer names; its etc is the same directory', () => {
    expect(place('network-manager')).toMatchObject({
      interpreter: `/usr/local/${LONG}/l/ld`,
      links: [
        { path: `/usr/local/${LONG}`, target: 'network-manager' },
        { path: '/usr/local/network-manager/l/ld', target: '../lib/libc.so' },
      ],
      viaAlias: true,
      pathFile: { path: '/usr/local/network-manager/etc/ld-musl-x86_64.path' },
    });
  });

  it.each([
    [24, `/usr/local/${LONG}/l/l`],
    [23, '/usr/local/network-manager/l/l'],
  ])('chooses the interpreter by the room for it: %i bytes', (room, interpreter) => {
    expect(place('network-manager', room).interpreter).toBe(interpreter);
  });

  it('rejects an interpreter without an architecture in its name', () => {
    expect(() =>
      placeMusl({
        prefix: '/usr/local/a',
        name: 'a',
        loader: 'libc.so',
        interpreterRoom: 25,
        replaces: '/lib/libc.so',
      }),
    ).toThrow(expect.objectContaining({ code: 'interpreter-not-musl' }));
  });
});
