import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { packCommand } from '../../src/cli/pack.ts';
import { verifyCommand } from '../../src/cli/verify.ts';
import { verifyImage, type VerifyOptions } from '../../src/verify/verify.ts';
import { run } from '../cli/run.ts';
import { type DdiOptions, makeDdi, makeFileSystem, makeKey } from '../image/ddi.ts';
import { fileSystemsHere } from '../image/file-systems.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { demoTree } from './tree.ts';

const at = scratch();
const keys = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-keys-'));
afterAll(() => fs.rmSync(keys, { recursive: true, force: true }));
/** Made once, because making a key takes longer than everything else. */
const keyOf = (name: string) => {
  const place = path.join(keys, name);
  const made = { key: `${place}.key`, certificate: `${place}.crt` };
  return fs.existsSync(made.certificate) ? made : makeKey(place);
};

/** The manifest that flix writes for the demo tree. */
function manifest(tree: string): void {
  const noise = fs.readFileSync(path.join(tree, 'usr/share/demo/noise'));
  const sha256 = createHash('sha256').update(noise).digest('hex');
  const files = [
    {
      path: '/usr/share/demo/noise',
      role: 'resource',
      why: 'named',
      sha256: { before: sha256, after: sha256 },
    },
    { path: '/usr/bin/text', role: 'resource', why: 'named', link: '../share/demo/text' },
  ];
  const text = {
    schema: 'flix.manifest/1',
    name: 'demo',
    prefix: '/usr/local/demo',
    mode: 'flix',
    entries: [],
    open: [],
    remarks: [],
    files,
  };
  fs.mkdirSync(path.join(tree, 'usr/local/demo'), { recursive: true });
  fs.writeFileSync(path.join(tree, 'usr/local/demo/manifest.json'), JSON.stringify(text));
}

interface Made {
  /** Changes the tree before it is packed. */
  readonly tree?: (tree: string) => void;
  readonly release?: string;
  readonly ddi?: Partial<DdiOptions>;
  readonly file?: string;
  /** Changes the image or the files beside it. */
  readonly after?: (image: string) => void;
  readonly options?: (certificate: string) => VerifyOptions;
}

async function verify({ tree, release, ddi, file = 'demo.raw', after, options }: Made) {
  const root = demoTree(at('tree'), release);
  manifest(root);
  tree?.(root);
  const key = keyOf('own');
  const output = at(file);
  const rootHash = makeDdi({ tree: root, output, ...key, ...ddi });
  fs.writeFileSync(at('demo.roothash'), rootHash);
  const sum = createHash('sha256').update(fs.readFileSync(output)).digest('hex');
  fs.writeFileSync(at('SHA256SUMS'), `${sum}  ${file}\n`);
  after?.(output);
  return verifyImage(output, options ? options(key.certificate) : { certificate: key.certificate });
}

function flip(image: string, offset: number): void {
  const bytes = fs.readFileSync(image);
  bytes[offset]! ^= 1;
  fs.writeFileSync(image, bytes);
}

const able = has('tool:mkfs.erofs', 'tool:fsck.erofs', 'tool:veritysetup', 'tool:sfdisk', 'tool:openssl');
const ARM64 = ['b921b045-1df0-41c3-af44-4c6f280d3fae', 'df3300ce-d69f-4c92-978c-9bfb0f38d820', '6db69de6-29f4-4758-a7a5-962190f00ce3']; // prettier-ignore
const MANIFEST = 'usr/local/demo/manifest.json';
const LOCAL = 'usr/lib/extension-release.d/extension-release.demo';

describe.runIf(able)('verifyImage', () => {
  it('finds no faults in good images, and lists its checks', async () => {
    const result = await verify({});
    expect(result.faults).toEqual([]);
    expect(result).toMatchObject({ total: 0, name: 'demo', type: 'sysext' });
    expect(result.checks.map(check => check.result)).toEqual(result.checks.map(() => 'good'));
    expect(result.checks.map(check => check.what)).toContain('certificate');
  });

  it.each<[string, Made]>([
    ['no-release', { tree: tree => fs.rmSync(path.join(tree, LOCAL)) }],
    ['release-name', { file: 'other.raw' }],
    ['release-no-id', { release: 'ARCHITECTURE=x86-64\n' }],
    ['release-scope', { release: 'ID=_any\nSYSEXT_SCOPE=initrd\n' }],
    ['architecture', { release: 'ID=_any\nARCHITECTURE=arm64\n' }],
    ['architecture', { ddi: { types: ARM64 } }],
    ['os-release', { tree: tree => fs.writeFileSync(path.join(tree, 'usr/lib/os-release'), 'ID=x\n') }],
    ['foreign-top-level', { tree: tree => fs.mkdirSync(path.join(tree, 'srv')) }],
    ['manifest', { tree: tree => fs.writeFileSync(path.join(tree, 'usr/share/demo/noise'), 'other') }],
    ['manifest', { tree: tree => fs.rmSync(path.join(tree, 'usr/share/demo/noise')) }],
    ['manifest', { tree: tree => (fs.rmSync(path.join(tree, 'usr/bin/text')), fs.symlinkSync('demo', path.join(tree, 'usr/bin/text'))) }], // prettier-ignore
    ['unreadable-manifest', { tree: tree => fs.truncateSync(path.join(tree, MANIFEST), 99) }],
    ['root-hash', { after: () => fs.writeFileSync(at('demo.roothash'), '0'.repeat(64)) }],
    ['root-hash', { options: certificate => ({ certificate, rootHash: 'f'.repeat(64) }) }],
    ['root-hash', { ddi: { dataUuid: '58731df5-aa16-5518-7456-10fbeb2c6b9d' } }],
    ['signature', { ddi: { signature: fields => ({ ...fields, rootHash: '0'.repeat(64) }) } }],
    ['signature-fingerprint', { ddi: { signature: fields => ({ ...fields, certificateFingerprint: '0'.repeat(64) }) } }], // prettier-ignore
    ['signature-form', { ddi: { signature: ({ rootHash }) => ({ rootHash: rootHash! }) } }],
    ['unknown-certificate', { options: () => ({ certificate: keyOf('stranger').certificate }) }],
    ['lonely-partition', { ddi: { types: [ARM64[0]!, '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5', ARM64[2]!] } }],
    ['sum', { after: () => fs.writeFileSync(at('SHA256SUMS'), `${'0'.repeat(64)}  demo.raw\n`) }],
    ['no-sum', { options: () => ({ sums: at('demo.roothash') }) }],
    ['no-signature', { ddi: { key: undefined, certificate: undefined } as unknown as Partial<DdiOptions> }],
    ['gpt-header', { after: image => flip(image, 512 + 60) }],
    ['gpt-entries', { after: image => flip(image, 1024 + 40) }],
    ['not-zero', { after: image => flip(image, 40_000) }],
    ['verity-data', { after: image => flip(image, 65536 + 50_000) }],
  ])('finds the fault %s', async (code, made) => {
    const { faults } = await verify(made);
    expect(faults.map(fault => fault.code)).toContain(code);
  });

  it('does not compare files with the manifest of a newer flix, and says so', async () => {
    const text = JSON.stringify({ schema: 'flix.manifest/2', prefix: '/usr/local/demo' });
    const { faults, checks } = await verify({
      tree: tree => fs.writeFileSync(path.join(tree, MANIFEST), text),
    });
    expect(faults).toEqual([]);
    expect(checks.filter(({ result }) => result !== 'good')).toEqual([
      { what: 'manifest', result: 'open', note: expect.stringContaining('upgrade flix') as string },
    ]);
  });

  it('names the file that contains a changed byte', async () => {
    const { faults } = await verify({
      after: image => flip(image, fs.readFileSync(image).indexOf(fs.readFileSync(at('tree/usr/share/demo/noise')).subarray(0, 4096)) + 9000), // prettier-ignore
    });
    expect(faults.find(({ code }) => code === 'verity-data')?.path).toBe('/usr/share/demo/noise');
    expect(faults.find(({ code }) => code === 'manifest')?.path).toBe('/usr/share/demo/noise');
  });

  it.runIf(has('tool:setfattr')).each(fileSystemsHere())(
    'accepts any image name if the release file allows it (%s)',
    async type => {
      const verified = async (value: string) => {
        const root = demoTree(at('tree'));
        execaSync('setfattr', ['-n', 'user.extension-release.strict', '-v', value, path.join(root, LOCAL)]);
        makeFileSystem(type, root, at('other.raw'), { attributes: true });
        const { faults } = await verifyImage(at('other.raw'));
        fs.rmSync(root, { recursive: true });
        return faults.map(({ code }) => code);
      };
      expect(await verified('0')).toEqual([]);
      expect(await verified('1')).toEqual(['release-name']);
    },
  );

  it('accepts an image whose file name contains its version', async () => {
    const { faults, checks } = await verify({ file: 'demo-1.0-x86-64.raw' });
    expect(faults).toEqual([]);
    expect(checks.find(({ what }) => what === 'name')?.note).toContain('activated as demo.raw');
  });

  it('checks images without a partition table, and says that nothing protects them', async () => {
    const tree = demoTree(at('tree'));
    for (const type of ['erofs', 'squashfs'] as const) {
      makeFileSystem(type, tree, at('demo.raw'));
      const { faults, checks } = await verifyImage(at('demo.raw'));
      expect(faults).toEqual([]);
      expect(checks.filter(({ result }) => result === 'open').map(({ what }) => what)).toEqual([
        'hash tree',
        'manifest',
        'SHA256SUMS',
      ]);
      const sum = createHash('sha256')
        .update(fs.readFileSync(at('demo.raw')))
        .digest('hex');
      fs.writeFileSync(at('SHA256SUMS'), `${sum}  demo.raw\n`);
      for (const offset of [3, 1030, 9000]) {
        flip(at('demo.raw'), offset);
        const codes = (await verifyImage(at('demo.raw'))).faults.map(({ code }) => code);
        expect(codes).toContain('sum');
        flip(at('demo.raw'), offset);
      }
      fs.rmSync(at('SHA256SUMS'));
    }
  });

  it('checks a hash tree and a signature beside the image', async () => {
    const { key, certificate } = keyOf('own');
    const tree = demoTree(at('tree'));
    const sign = ['--sign', '--key', key, '--certificate', certificate];
    const options = ['--format', 'squashfs', '--verity', ...sign, '-o', at('demo.raw'), '--quiet'];
    expect(await run(packCommand(), tree, ...options)).toMatchObject({ status: 0 });
    const codes = async () => {
      const { faults } = await verifyImage(at('demo.raw'), { certificate });
      return faults.map(({ code, part }) => `${code} ${path.basename(part)}`);
    };
    expect(await codes()).toEqual([]);
    flip(at('demo.verity'), 4096 + 40);
    expect(await codes()).toEqual(['verity-tree demo.verity']);
    flip(at('demo.verity'), 4096 + 40);
    flip(at('demo.roothash.p7s'), fs.statSync(at('demo.roothash.p7s')).size - 9);
    expect(await codes()).toContain('signature demo.roothash.p7s');
  });

  it('exits with 0 if nothing differs, 1 if something differs, 2 if the file is not an image', async () => {
    await verify({});
    const good = await run(verifyCommand(), at('demo.raw'));
    expect(good).toMatchObject({ status: 0, stderr: '' });
    expect(good.stdout).toContain('no differences');
    flip(at('demo.raw'), 65536 + 50_000);
    const bad = await run(verifyCommand(), at('demo.raw'), '--json');
    expect(bad.status).toBe(1);
    const document = JSON.parse(bad.stdout) as { schema: string; faults: { code: string; at: unknown }[] };
    expect(document.schema).toBe('flix.verify/1');
    expect(document.faults).toContainEqual(
      expect.objectContaining({ code: 'verity-data', at: { offset: 65536 + 49_152, length: 4096 } }),
    );
    expect((await run(verifyCommand(), at('demo.raw'))).stdout).toContain('bytes 114688–118783');
    expect((await run(verifyCommand(), at('tree'))).status).toBe(2);
    expect((await run(verifyCommand(), at('demo.raw'), '--roothash', 'xyz')).status).toBe(2);
    expect((await run(verifyCommand(), at('demo.raw'), '--certificate', at('SHA256SUMS'))).status).toBe(2);
  });
});
