import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { withImage, volumesOf } from '../../src/image/image.ts';
import { listImage } from '../../src/image/unpack.ts';
import { partitionTypes } from '../../src/image/partition-types.ts';
import { extractImage } from '../../src/cli/extract.ts';
import { systemdSince } from '../../src/systemd/systemd-version.ts';
import { listener, scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { debian13 } from '../lab/newer-tools.ts';
import { makeFileSystem } from './ddi.ts';

const at = scratch();
const MIB = 1024 * 1024;
/** In sectors: the places of the partitions. */
const SLOT = 2048;

const [X, A] = [partitionTypes.root['x86-64']!, partitionTypes.root['arm64']!];
const R = partitionTypes.root['riscv64']!;
const [UX, UA] = [partitionTypes.usr['x86-64']!, partitionTypes.usr['arm64']!];
const GENERIC = '0fc63daf-8483-4772-8e79-3d69d8477de4';
const HOME = '933ac7e1-2eb4-4f13-b844-0e14e2aef915';

interface Part {
  readonly type: string;
  readonly label?: string;
  readonly noAuto?: true;
}
const root = { type: X[0] };
const hidden = <T extends Part>(part: T) => ({ ...part, noAuto: true }) as const;
const labelled = (type: string, label: string) => ({ type, label });

const TABLES: Readonly<Record<string, readonly Part[]>> = {
  'a root partition': [root],
  'a usr partition': [{ type: UX[0] }],
  'a root and a usr partition': [root, { type: UX[0] }],
  'a usr before a root partition': [{ type: UX[0] }, root],
  'root partitions of two architectures': [root, { type: A[0] }],
  'root partitions of two architectures, this one last': [{ type: A[0] }, root],
  'root partitions of two other architectures': [{ type: A[0] }, { type: R[0] }],
  'root partitions of this architecture and the 32-bit one': [{ type: partitionTypes.root['x86']![0] }, root],
  'root partitions of the 32-bit and another architecture': [
    { type: A[0] },
    { type: partitionTypes.root['x86']![0] },
  ],
  'only a root partition of another architecture': [{ type: A[0] }],
  'a root and a usr partition of different architectures': [root, { type: UA[0] }],
  'a usr partition of two architectures and a root partition': [{ type: UA[0] }, { type: UX[0] }, root],
  'versions in labels': [labelled(X[0], 'app_1.9'), labelled(X[0], 'app_1.10'), labelled(X[0], 'app_1.2')],
  'versions in labels, with a pre-release': [labelled(X[0], 'app_2'), labelled(X[0], 'app_2~rc1')],
  'two root partitions without labels': [root, root],
  'an empty and a labelled root partition': [root, labelled(X[0], 'app_1')],
  'versions in labels of another architecture': [labelled(X[0], 'app_1'), labelled(A[0], 'app_2')],
  'a newer version that is not automatic': [labelled(X[0], 'app_1'), hidden(labelled(X[0], 'app_2'))],
  'a root partition that is not automatic': [hidden(root)],
  'a root partition that is not automatic, and a usr partition': [hidden(root), { type: UX[0] }],
  'a root partition that is not automatic, and a Linux filesystem': [hidden(root), { type: GENERIC }],
  'a Linux filesystem': [{ type: GENERIC }],
  'two Linux filesystems': [{ type: GENERIC }, { type: GENERIC }],
  'two Linux filesystems, one of them not automatic': [hidden({ type: GENERIC }), { type: GENERIC }],
  'two Linux filesystems and a root partition': [{ type: GENERIC }, root, { type: GENERIC }],
  'two Linux filesystems and a usr partition': [{ type: GENERIC }, { type: GENERIC }, { type: UX[0] }],
  'a home partition': [{ type: HOME }],
  'a home partition and a Linux filesystem': [{ type: HOME }, { type: GENERIC }],
  'a hash tree without its partition': [{ type: X[1] }],
  'a hash tree and a Linux filesystem': [{ type: X[1] }, { type: GENERIC }],
  'a hash tree that is not automatic, without its partition': [hidden({ type: X[1] }), { type: UX[0] }],
  'a root partition with a hash tree': [root, { type: X[1] }],
  'a root partition with a hash tree, and a usr partition': [root, { type: X[1] }, { type: UX[0] }],
  'a root partition, and a usr partition with a hash tree': [root, { type: UX[0] }, { type: UX[1] }],
  'a root partition with a hash tree of another architecture': [root, { type: A[1] }],
  'a signature without a hash tree': [root, { type: X[2] }],
  'a signature of another architecture': [root, { type: A[2] }],
};

function makeTable(file: string, parts: readonly Part[]): void {
  fs.writeFileSync(file, '');
  fs.truncateSync(file, (parts.length + 2) * MIB);
  const lines = parts.map(({ type, label, noAuto }, i) =>
    [
      `start=${(i + 1) * SLOT}, size=${SLOT}, type=${type}`,
      ...(label === undefined ? [] : [`name="${label}"`]),
      ...(noAuto ? ['attrs="GUID:63"'] : []),
    ].join(', '),
  );
  const options = ['--quiet', '--no-reread', '--no-tell-kernel', file];
  execaSync('/sbin/sfdisk', options, { input: ['label: gpt', ...lines].join('\n') });
  for (const i of parts.keys())
    execaSync('dd', [
      `if=${at('fs')}`,
      `of=${file}`,
      'bs=1M',
      `seek=${i + 1}`,
      'conv=notrunc',
      'status=none',
    ]);
}

type Mounts = Readonly<Record<string, number>> | undefined;

/** The numbers of the partitions that a systemd would mount, by designator; `undefined`: it refuses the image. */
function systemdMounts([command, ...options]: readonly string[], file: string): Mounts {
  const result = execaSync(command!, [...options, '--json=short', file], { reject: false });
  const { stdout, exitCode } = result;
  if (exitCode !== 0 || stdout === '') return undefined;
  const { mounts } = JSON.parse(stdout) as { mounts: { designator: string; partno: number }[] };
  const mounted = mounts.filter(({ designator }) => designator === 'root' || designator === 'usr');
  return mounted.length === 0
    ? undefined
    : Object.fromEntries(mounted.map(({ designator, partno }) => [designator, partno]));
}

async function flixMounts(file: string, version: number): Promise<Mounts> {
  return withImage(file, ({ dissection }) => {
    const { mounted, refusal } = dissection!;
    if (refusal && version >= (refusal.since ?? 0)) return undefined;
    const numbers = [...mounted].map(([place, { number }]) => [place === '/' ? 'root' : 'usr', number]);
    return Object.fromEntries(refusal ? numbers.slice(0, 1) : numbers);
  });
}

const OLD = ['systemd-dissect'];

function versionOf([command, ...options]: readonly string[]): number {
  return Number(/^systemd (\d+)/.exec(execaSync(command!, [...options, '--version']).stdout)![1]);
}

const able = has('root', 'loopDevice', 'tool:sfdisk', 'tool:systemd-dissect', 'tool:mksquashfs');

describe.runIf(able && process.arch === 'x64')(
  'the partitions that count, as systemd-dissect chooses them',
  () => {
    it.each(Object.keys(TABLES))('are right for %s', async name => {
      fs.mkdirSync(at('tree/usr/share'), { recursive: true });
      makeFileSystem('squashfs', at('tree'), at('fs'));
      makeTable(at('image.raw'), TABLES[name]!);
      for (const dissect of has('archive') ? [OLD, await debian13('systemd-dissect')] : [OLD])
        expect(await flixMounts(at('image.raw'), versionOf(dissect))).toEqual(
          systemdMounts(dissect, at('image.raw')),
        );
    });

    it.each([
      ['a bootable partition', ['type=83, bootable'], true],
      ['a partition that is not bootable', ['type=83'], false],
      ['two bootable partitions', ['type=83, bootable', 'type=83, bootable'], false],
      ['a bootable and another partition', ['type=83', 'type=83, bootable'], true],
    ])('are right for an MBR with %s', async (_, parts, mounts) => {
      fs.mkdirSync(at('tree/usr/share'), { recursive: true });
      makeFileSystem('squashfs', at('tree'), at('fs'));
      fs.writeFileSync(at('image.raw'), '');
      fs.truncateSync(at('image.raw'), 4 * MIB);
      const lines = parts.map((part, i) => `start=${(i + 1) * SLOT}, size=${SLOT}, ${part}`);
      execaSync('/sbin/sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', at('image.raw')], {
        input: ['label: dos', ...lines].join('\n'),
      });
      for (const i of parts.keys())
        execaSync('dd', [
          `if=${at('fs')}`,
          `of=${at('image.raw')}`,
          'bs=1M',
          `seek=${i + 1}`,
          'conv=notrunc',
        ]);
      expect(systemdMounts(OLD, at('image.raw')) !== undefined).toBe(mounts);
      const volumes = withImage(at('image.raw'), volumesOf);
      if (mounts) expect(await volumes).toMatchObject([{ at: '/', type: 'squashfs' }]);
      else await expect(volumes).rejects.toMatchObject({ code: 'not-an-image' });
    });
  },
);

describe.runIf(able && has('archive'))('sectors of 4096 bytes', () => {
  it('are mounted by a systemd of 253 or later', async () => {
    fs.mkdirSync(at('tree/usr/share'), { recursive: true });
    makeFileSystem('squashfs', at('tree'), at('fs'));
    fs.writeFileSync(at('image.raw'), '');
    fs.truncateSync(at('image.raw'), 4 * MIB);
    const attach = ['--find', '--show', '--sector-size', '4096', at('image.raw')];
    const device = execaSync('/sbin/losetup', attach).stdout;
    try {
      const input = ['label: gpt', `start=256, size=256, type=${X[0]}`].join('\n');
      execaSync('/sbin/sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', device], { input });
    } finally {
      execaSync('/sbin/losetup', ['--detach', device]);
    }
    execaSync('dd', [`if=${at('fs')}`, `of=${at('image.raw')}`, 'bs=1M', 'seek=1', 'conv=notrunc']);
    expect(await withImage(at('image.raw'), ({ gpt }) => gpt?.sectorSize)).toBe(4096);
    for (const dissect of [OLD, await debian13('systemd-dissect')]) {
      const mounts = versionOf(dissect) >= systemdSince.sectorSizes ? { root: 1 } : undefined;
      expect(systemdMounts(dissect, at('image.raw'))).toEqual(mounts);
    }
  });
});

describe.runIf(has('tool:sfdisk', 'tool:mksquashfs', 'tool:unsquashfs'))(
  'an image with a root and a usr partition',
  () => {
    it('shows the usr partition where the root partition has its own /usr, and lists each file once', async () => {
      fs.mkdirSync(at('root/usr/share'), { recursive: true });
      fs.mkdirSync(at('root/opt'));
      fs.writeFileSync(at('root/usr/share/hidden'), '');
      fs.writeFileSync(at('root/opt/seen'), '');
      fs.mkdirSync(at('usr/share'), { recursive: true });
      fs.writeFileSync(at('usr/share/seen'), '');
      makeFileSystem('squashfs', at('root'), at('fs'));
      makeTable(at('image.raw'), [root, { type: UX[0] }]);
      makeFileSystem('squashfs', at('usr'), at('fs'));
      execaSync('dd', [`if=${at('fs')}`, `of=${at('image.raw')}`, 'bs=1M', 'seek=2', 'conv=notrunc']);
      const expected = ['/opt', '/opt/seen', '/usr', '/usr/share', '/usr/share/seen'];
      const entries = await withImage(at('image.raw'), image => listImage(image));
      expect([...entries].map(({ path }) => path).sort()).toEqual(['/', ...expected]);
      await extractImage(at('image.raw'), at('out'), listener());
      const names = fs.readdirSync(at('out'), { recursive: true, encoding: 'utf8' });
      expect(names.map(name => `/${name}`).sort()).toEqual(expected);
    });
  },
);
