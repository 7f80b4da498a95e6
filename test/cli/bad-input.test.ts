import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { EM_AARCH64 } from '../../src/elf/constants.ts';
import { scratch } from '../io/scratch.ts';
import { writeElf } from '../lab/elf-writer.ts';
import type { FileRecipe } from '../lab/fixture.ts';
import { has } from '../lab/requires.ts';
import { flix, LIB, LOADER, makeRoot, refusal, refused, small } from './flix.ts';

const at = scratch();
const elf = writeElf({ interp: LOADER, needed: ['libc.so.6'] });
const libc = `${LIB}/libc.so.6`;

/** Writes a file that no recipe can describe. */
function put(file: string, content: Uint8Array | string): void {
  fs.rmSync(file, { recursive: true, force: true });
  fs.writeFileSync(file, content);
}

const outcome = async (args: readonly string[], ...says: readonly string[]) =>
  refusal(await flix(args, { cwd: at() }), says);

describe('a damaged ELF file', () => {
  it.each<[name: string, content: Uint8Array, says: string]>([
    ['shorter than a header', elf.subarray(0, 20), '20 bytes are too few for an ELF header'],
    [
      'cut in its tables',
      elf.subarray(0, 70),
      'the program header table (280 bytes at 64) is outside the file',
    ],
    ['without the end', elf.subarray(0, elf.length - 100), 'is outside the file'],
    ['of an unknown class', Uint8Array.from(elf).fill(9, 4, 5), 'unknown ELF class 9'],
    [
      'with an impossible offset',
      Uint8Array.from(elf).fill(0xff, 32, 40),
      'the offset of a header table is too large',
    ],
  ])('%s', async (_name, content, says) => {
    const root = makeRoot(at('root'));
    put(`${root}/usr/bin/app`, content);
    expect(
      await outcome(
        ['vendor', root, '/usr/bin/app', '--name', 'x', '--out', at('out')],
        '/usr/bin/app',
        says,
        'Fetch or build it again',
      ),
    ).toEqual(refused(2));
    expect(
      await outcome(
        ['tree', '--root', root, '/usr/bin/app'],
        '/usr/bin/app',
        says,
        'Fetch or build it again',
      ),
    ).toEqual(refused(2));
    expect(fs.readdirSync(at())).toEqual(['root']);
  });

  it('in a copied directory is reported and copied unchanged', async () => {
    const root = makeRoot(at('root'), { ...small, '/usr/share/data/readme': { text: 'x' } });
    put(`${root}/usr/share/data/test.elf`, elf.subarray(0, 70));
    const { stderr, status } = await flix([
      'vendor',
      root,
      '/usr/share/data',
      '--name',
      'x',
      '--out',
      at('out'),
    ]);
    expect(stderr).toContain('/usr/share/data/test.elf: copied although it is a broken ELF file');
    expect(status).toBe(0);
  });
});

describe('a library that the loader would refuse', () => {
  it.each<[name: string, file: FileRecipe | Uint8Array, says: string]>([
    ['a linker script', { text: '/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n' }, 'invalid ELF header'],
    ['text', { text: 'hello, this is text\n' }, 'invalid ELF header'],
    ['an empty file', { text: '' }, 'file too short'],
    ['a directory', { directory: true }, 'Is a directory'],
    ['a cut file', elf.subarray(0, elf.length - 100), 'is outside the file'],
    ['a program', { type: 'exec' }, 'cannot dynamically load executable'],
    ['a file of another byte order', { endian: 'big' }, '/usr/bin/app'],
    [
      'a file of another class',
      { class: 32 },
      `libc.so.6 is missing\n    /etc/ld.so.cache (no-cache)\n    ${libc} (other-abi)`,
    ],
    ['a file of another machine', { machine: EM_AARCH64 }, `${libc} (other-abi)`],
    ['a loop of links', { link: 'libc.so.6' }, `${libc} (loop)`],
    [
      'a link that climbs out of the root',
      { link: '../../../../../../../../../etc/hostname' },
      `${libc} (absent)`,
    ],
  ])('%s', async (_name, file, says) => {
    const recipe = file instanceof Uint8Array ? small : { ...small, [libc]: file };
    const root = makeRoot(at('root'), recipe);
    if (file instanceof Uint8Array) put(root + libc, file);
    expect(
      await outcome(['vendor', root, '/usr/bin/app', '--out', at('out')], '/usr/bin/app', libc, says),
    ).toEqual(refused(3));
    expect(fs.readdirSync(at())).toEqual(['root']);
  });
});

describe.runIf(has('tool:mkfifo', 'tool:python3'))('FIFOs, sockets and devices', () => {
  const makers: Record<string, (file: string) => void> = {
    FIFO: file => execaSync('mkfifo', [file]),
    socket: file =>
      execaSync('python3', [
        '-c',
        'import socket,sys,os; os.chdir(os.path.dirname(sys.argv[1])); socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))',
        file,
      ]),
    ...(has('root', 'tool:mknod') && { device: (file: string) => execaSync('mknod', [file, 'c', '1', '5']) }),
  };

  describe.each(Object.keys(makers))('a %s', kind => {
    const make = (file: string) => {
      fs.rmSync(file, { force: true });
      makers[kind]!(file);
    };

    it('are refused as a program', async () => {
      const root = makeRoot(at('root'));
      make(`${root}/usr/bin/app`);
      expect(
        await outcome(
          ['vendor', root, '/usr/bin/app', '--name', 'x', '--out', at('out')],
          '/usr/bin/app is a FIFO, socket or device',
          'Leave it out',
        ),
      ).toEqual(refused(2));
      expect(
        await outcome(['tree', '--root', root, '/usr/bin/app'], '/usr/bin/app is not a regular file'),
      ).toEqual(refused(2));
      expect((await flix(['tree', '--root', root, '--all'])).status).toBe(0);
    });

    it('are passed over or refused as a library, a loader and configuration', async () => {
      const root = makeRoot(at('root'));
      make(`${root}/etc/ld.so.cache`);
      make(root + libc);
      expect(
        await outcome(
          ['vendor', root, '/usr/bin/app', '--out', at('out')],
          // open(2) fails for a socket only, so the loader goes on to the next directory
          ...(kind === 'socket'
            ? ['libc.so.6 is missing', `${libc} (no-device)`]
            : [`its loader would stop at ${libc}`, 'not a regular file']),
        ),
      ).toEqual(refused(3));
      make(root + LOADER);
      expect(
        await outcome(
          ['vendor', root, '/usr/bin/app', '--out', at('out')],
          `its interpreter ${LOADER} is not a loader`,
          'not a regular file',
        ),
      ).toEqual(refused(3));
    });

    it('are refused or left out in a DESTDIR tree and in a copied directory', async () => {
      const staging = makeRoot(at('staging'));
      const tree = makeRoot(
        at('tree'),
        { '/usr/bin/app': small['/usr/bin/app']!, '/usr/share/x/y': { text: '' } },
        'none',
      );
      make(`${tree}/usr/share/x/special`);
      expect(
        await outcome(
          ['vendor', tree, '--staging', staging],
          '/usr/share/x/special of ',
          'is a FIFO, socket or device',
          'Remove it',
        ),
      ).toEqual(refused(2));
      make(`${staging}/usr/bin/special`);
      const { stderr, status } = await flix([
        'vendor',
        staging,
        '/usr/bin',
        '--name',
        'x',
        '--out',
        at('out'),
        '--dry-run',
      ]);
      expect(stderr).not.toContain('bug');
      expect(status).toBe(0);
    });
  });
});

describe('links', () => {
  const links = {
    ...small,
    '/usr/bin/loop': { link: 'loop2' },
    '/usr/bin/loop2': { link: '/usr/bin/loop' },
    '/usr/bin/climb': { link: '../../../../../../../../etc/hostname' },
    '/usr/bin/outside': { link: '/proc/self/exe' },
    '/usr/bin/in': { link: '../../../../../../../../usr/bin/app' },
  };
  it.each([
    ['/usr/bin/loop', 'is a loop of symbolic links in debian 12'],
    [
      '/usr/bin/climb',
      'the link /usr/bin/climb points to ../../../../../../../../etc/hostname, which does not exist inside the root',
    ],
    [
      '/usr/bin/outside',
      'the link /usr/bin/outside points to /proc/self/exe, which does not exist inside the root',
    ],
  ])('%s is refused', async (path, says) => {
    expect(
      await outcome(['vendor', makeRoot(at('root'), links), path, '--out', at('out')], path, says),
    ).toEqual(refused(2));
  });

  it.runIf(has('loader:glibc', 'chroot'))(
    'that climb stay inside, and lead to the file of the root',
    async () => {
      const result = await flix(['vendor', makeRoot(at('root'), links), '/usr/bin/in', '--out', at('out')]);
      expect(result).toMatchObject({ status: 0 });
      expect(fs.readlinkSync(at('out/usr/bin/in'))).toBe('app');
      expect(fs.lstatSync(at('out/usr/bin/app')).isFile()).toBe(true);
    },
  );

  it('that form a loop are reported as such by flix tree too', async () => {
    const args = ['tree', '--root', makeRoot(at('root'), links), '/usr/bin/loop'];
    expect(await outcome(args, '/usr/bin/loop leads into a loop of symbolic links in debian 12')).toEqual(
      refused(2),
    );
  });

  it('in a copied directory that lead nowhere are reported and left out', async () => {
    const { stderr, status } = await flix([
      'vendor',
      makeRoot(at('root'), {
        ...links,
        '/usr/share/l/loop': { link: 'loop' },
        '/usr/share/l/gone': { link: '/nowhere' },
      }),
      '/usr/share/l',
      '--name',
      'x',
      '--out',
      at('out'),
    ]);
    expect(stderr).toContain('/usr/share/l/loop: left out: a link to loop, which does not exist');
    expect(stderr).toContain('/usr/share/l/gone: left out: a link to /nowhere, which does not exist');
    expect(status).toBe(0);
    expect(fs.readdirSync(at('out/usr/share/l'))).toEqual([]);
  });
});

describe('missing libraries', () => {
  it('are listed all at once, each with the objects that need it and the places that were searched', async () => {
    const root = makeRoot(at('root'), {
      ...small,
      '/usr/bin/app': {
        interp: LOADER,
        needed: ['libone.so.1', 'libgone.so.2', 'libc.so.6'],
        runpath: '$ORIGIN/../lib/app',
      },
      [`${LIB}/libone.so.1`]: { soname: 'libone.so.1', needed: ['libgone.so.3', 'libc.so.6'] },
      '/usr/bin/second': {
        interp: LOADER,
        needed: ['libgone.so.4', 'libc.so.6'],
        verneed: { 'libc.so.6': ['GLIBC_2.98', 'GLIBC_2.99'] },
      },
    });
    expect(
      await outcome(
        ['vendor', root, '/usr/bin/app', '/usr/bin/second', '--name', 'x', '--out', at('out')],
        '/usr/bin/app: libgone.so.2 is missing\n    /usr/bin/../lib/app/libgone.so.2 (absent)\n    /etc/ld.so.cache (no-cache)',
        `    ${LIB}/libgone.so.2 (absent)`,
        `/usr/bin/app: libgone.so.3 is missing, needed by ${LIB}/libone.so.1\n`,
        '/usr/bin/second: libgone.so.4 is missing\n',
        `/usr/bin/second needs GLIBC_2.98, GLIBC_2.99 of libc.so.6, which ${libc} does not define`,
        '--exclude-lib NAME=REASON',
      ),
    ).toEqual(refused(3));
  });

  it.each<[name: string, loader: FileRecipe, says: string]>([
    ['absent', { link: '/nowhere' }, 'is not in any of the roots'],
    ['text', { text: 'a loader, says the text' }, 'is not a loader: not an ELF file'],
  ])('an interpreter that is %s', async (_name, loader, says) => {
    const root = makeRoot(at('root'), { ...small, [LOADER]: loader }, 'none');
    expect(
      await outcome(
        ['vendor', root, '/usr/bin/app', '--out', at('out')],
        `/usr/bin/app: its interpreter ${LOADER} ${says}`,
      ),
    ).toEqual(refused(3));
  });
});
