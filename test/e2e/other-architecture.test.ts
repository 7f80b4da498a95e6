import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EM_AARCH64 } from '../../src/elf/constants.ts';
import { scratch } from '../io/scratch.ts';
import { readListing, runInRoot } from '../lab/run-in-root.ts';
import { flix as run, picture } from '../cli/flix.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const emulator = '/usr/bin/qemu-aarch64-static';
const hostile = { LD_LIBRARY_PATH: '/decoy', LD_PRELOAD: '/decoy/preload.so', LD_AUDIT: '/decoy/audit.so' };

const at = scratch();
let root: string;

/** Adds decoys to a tree, which afterwards is good only for running its loader. */
function layDecoys(tree: string, libraries: string): void {
  const decoy = writeElf({ machine: EM_AARCH64 });
  const sonames = [...fs.readdirSync(libraries), 'preload.so', 'audit.so'];
  for (const directory of ['decoy', 'usr/lib/aarch64-linux-gnu', 'usr/lib']) {
    fs.mkdirSync(path.join(tree, directory), { recursive: true });
    for (const soname of sonames) fs.writeFileSync(path.join(tree, directory, soname), decoy);
  }
}

/** The real paths, inside the tree, of what the private loader lists under the emulator. */
async function loads(tree: string, name: string, program: string): Promise<string[]> {
  layDecoys(tree, path.join(tree, 'usr/local', name, 'lib'));
  const loader = `/usr/local/${name}/lib/ld-linux-aarch64.so.1`;
  const command = [loader, '--list'];
  const [answer] = await runInRoot({ root: tree, command, paths: [program], environment: hostile, emulator });
  return readListing(answer!.stdout).map(listed =>
    listed.path === undefined
      ? `${listed.name} not found`
      : fs.realpathSync(tree + listed.path).slice(tree.length),
  );
}

describe.runIf(has('chroot', 'mountNamespace', 'archive', 'tool:qemu-aarch64-static'))(
  'vendored programs of arm64',
  () => {
    beforeAll(async () => {
      root = fs.realpathSync(await labRoot('arm64-trixie'));
    });

    it.each([
      ['btop', 'btop', 4],
      ['curl', 'curl', 30],
      ['btop', 'sixteen-char-app', 4],
    ])('start and load only their own libraries: %s as %s', async (program, name, count) => {
      await flix('vendor', root, '--name', name, '--out', at(name), `/usr/bin/${program}`);
      const tree = fs.realpathSync(at(name));
      const command = [`/usr/bin/${program}`];
      const [version] = await runInRoot({
        root: tree,
        command,
        paths: ['--version'],
        environment: hostile,
        emulator,
      });
      expect(version!.stdout).toMatch(new RegExp(`^${program}`));

      const files = await loads(tree, name, `/usr/bin/${program}`);
      expect(files.length).toBeGreaterThanOrEqual(count);
      expect(files.filter(file => path.dirname(file) !== `/usr/local/${name}/lib`)).toEqual([]);
    });

    it('give the same tree whether or not this machine can emulate their loader', async () => {
      const made = async (directory: string, under: readonly string[]) => {
        const args = ['vendor', root, '--out', at(directory, 'btop'), '/usr/bin/btop'];
        expect(await run(args, { under })).toMatchObject({ status: 0 });
        const proof = JSON.parse(fs.readFileSync(at(directory, 'btop.proof.json'), 'utf8')) as object;
        return { tree: picture(at(directory, 'btop')), proof };
      };
      const hide = 'mount --bind /dev/null "$0" && exec "$@"';
      const emulated = await made('emulated', []);
      const unproven = await made('unproven', ['unshare', '--mount', 'sh', '-c', hide, emulator]);
      expect(unproven.tree).toEqual(emulated.tree);
      expect(emulated.proof).toMatchObject({ loader: 'asked', under: 'qemu-aarch64-static' });
      expect(unproven.proof).toMatchObject({
        loader: 'not asked',
        notRun: 'this machine does not execute it, and qemu-aarch64-static is not installed',
      });
    });

    it('load decoys if the loader is not sealed', async () => {
      await flix('vendor', root, '--seal', 'none', '--out', at('btop'), '/usr/bin/btop');
      const files = await loads(fs.realpathSync(at('btop')), 'btop', '/usr/bin/btop');
      expect(files).toContain('/decoy/preload.so');
    });
  },
);
