import fs from 'node:fs';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import type { PackOptions } from '../../src/pack/options.ts';
import { packTree } from '../../src/pack/pack.ts';
import { openSigner } from '../../src/pack/signer.ts';
import { listener, scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { makeKeys } from './keys.ts';
import { leastOptions, sampleTree } from './sample.ts';

const at = scratch();
const able = has('tool:mkfs.erofs', 'tool:veritysetup', 'tool:sfdisk', 'tool:openssl');

async function pack(options: Partial<PackOptions> = {}) {
  const progress = listener();
  const tree = fs.existsSync(at('tree')) ? at('tree') : sampleTree(at('tree'));
  const ddi = { ...leastOptions(progress), format: 'ddi', architecture: 'x86-64' } as const;
  const image = await packTree(tree, { ...ddi, ...options });
  return { image, said: progress.said };
}

function signed(algorithm?: 'rsa' | 'ec') {
  const keys = makeKeys(at('keys'), algorithm);
  return { keys, signer: openSigner(keys, true)! };
}

interface TablePartition {
  readonly start: number;
  readonly size: number;
  readonly type: string;
  readonly uuid: string;
}

async function partitions(image: string): Promise<TablePartition[]> {
  const { stdout } = await execa('sfdisk', ['--json', image]);
  return (JSON.parse(stdout) as { partitiontable: { partitions: TablePartition[] } }).partitiontable
    .partitions;
}

function cut(image: string, { start, size }: TablePartition): Buffer {
  return fs.readFileSync(image).subarray(start * 512, (start + size) * 512);
}

describe.runIf(able)('packTree with the format ddi', () => {
  it('writes the file system, its hash tree and the signature of the root hash', async () => {
    const { keys, signer } = signed();
    const { image } = await pack({ signer });
    const [data, hashes, signature] = await partitions(image.path);
    expect([data!.type, hashes!.type, signature!.type]).toEqual([
      '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
      '2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5',
      '41092B05-9FC8-4523-994F-2DEF0408B176',
    ]);
    const halves = (data!.uuid + hashes!.uuid).replaceAll('-', '').toLowerCase();
    expect(halves).toBe(image.rootHash);

    fs.writeFileSync(at('data'), cut(image.path, data!));
    fs.writeFileSync(at('hashes'), cut(image.path, hashes!));
    await execa('fsck.erofs', [at('data')]);
    await execa('veritysetup', ['verify', at('data'), at('hashes'), image.rootHash!]);

    const json = cut(image.path, signature!).toString('latin1').replace(/\0+$/, '');
    const told = JSON.parse(json) as { rootHash: string; certificateFingerprint: string; signature: string };
    expect(told).toMatchObject({ rootHash: image.rootHash, certificateFingerprint: image.certificate });
    fs.writeFileSync(at('p7'), Buffer.from(told.signature, 'base64'));
    fs.writeFileSync(at('hash'), image.rootHash!);
    const verify = ['smime', '-verify', '-binary', '-inform', 'der', '-in', at('p7'), '-content', at('hash')];
    await execa('openssl', [...verify, '-CAfile', keys.certificate, '-purpose', 'any']);
    await execa('openssl', ['x509', '-in', keys.certificate, '-outform', 'der', '-out', at('der')]);
    expect(execaSync('sha256sum', [at('der')]).stdout.split(' ')[0]).toBe(image.certificate);
  });

  it('writes the same image each time, in any order of directories', async () => {
    const { signer } = signed();
    const first = await pack({ signer });
    sampleTree(at('other'), { reverse: true, umask: 0o077, time: 1.7e9 });
    const again = await packTree(at('other'), {
      ...leastOptions(listener()),
      format: 'ddi',
      architecture: 'x86-64',
      name: 'demo',
      output: at('other.raw'),
      signer,
    });
    expect(again.sha256).toBe(first.image.sha256);
    const seed = '11111111-2222-8333-8444-555555555555';
    const seeded = await pack({ signer, seed });
    expect(seeded.image).toMatchObject({ uuid: seed });
    expect(seeded.image.rootHash).not.toBe(first.image.rootHash);
  });

  it.runIf(has('tool:systemd-dissect', 'loopDevice'))(
    'writes an image that systemd-dissect accepts',
    async () => {
      const { signer } = signed();
      const signedImage = (await pack({ signer })).image.path;
      const { stdout } = await execa('systemd-dissect', ['--no-pager', signedImage]);
      expect(stdout).toContain('ID=_any');
      expect(stdout).toMatch(/✓ extension for system\n/);
      expect(stdout).toMatch(/root .* erofs +x86-64 +signed/);
      const unsigned = (await pack()).image.path;
      expect((await execa('systemd-dissect', ['--no-pager', unsigned])).stdout).toMatch(/erofs +x86-64 +yes/);
    },
  );

  it('writes the root hash beside the image and removes the files of an earlier image', async () => {
    const { signer } = signed();
    const plain = await pack({ format: 'erofs', verity: true, signer });
    expect(plain.image.beside.map(({ role }) => role)).toEqual(['verity', 'roothash', 'signature']);
    expect(fs.readdirSync(at()).sort()).toEqual([
      'SHA256SUMS',
      'demo.raw',
      'demo.roothash',
      'demo.roothash.p7s',
      'demo.verity',
      'keys.crt',
      'keys.key',
      'tree',
    ]);
    await execa('veritysetup', ['verify', at('demo.raw'), at('demo.verity'), plain.image.rootHash!]);
    const { image } = await pack();
    expect(fs.readFileSync(at('demo.roothash'), 'utf8')).toBe(image.rootHash);
    expect(fs.readdirSync(at()).filter(name => name.startsWith('demo'))).toEqual([
      'demo.raw',
      'demo.roothash',
    ]);
    const checked = await execa('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: at() });
    expect(checked.stdout).toBe('demo.raw: OK\ndemo.roothash: OK');
  });

  it('warns that signatures with an elliptic curve differ each time', async () => {
    const { signer } = signed('ec');
    expect((await pack({ signer })).said.join()).toContain('each signature is different');
  });

  it.each<[string, Partial<PackOptions>]>([
    ['no-architecture', {}],
    ['no-partition-type', { architecture: 'alpha' }],
    ['bad-version', { architecture: 'x86-64', version: '1/2' }],
  ])('refuses the options: %s', async (code, options) => {
    const tree = sampleTree(at('tree'));
    const asked = { ...leastOptions(listener()), format: 'ddi', ...options } as const;
    await expect(packTree(tree, asked)).rejects.toMatchObject({ code });
    expect(fs.readdirSync(at())).toEqual(['tree']);
  });
});

describe.runIf(has('tool:openssl'))('openSigner', () => {
  it('requires both a key and its certificate', () => {
    const keys = makeKeys(at('keys'));
    expect(openSigner(keys, false)).toMatchObject({ key: keys.key, deterministic: true, source: undefined });
    expect(openSigner({}, false)).toBeUndefined();
    for (const half of [{}, { key: keys.key }, { certificate: keys.certificate }])
      expect(() => openSigner(half, true)).toThrow(expect.objectContaining({ code: 'half-signed' }));
  });

  it('refuses keys and certificates that no host would accept', () => {
    const [mine, other] = [makeKeys(at('mine')), makeKeys(at('other'))];
    const encrypted = at('encrypted.key');
    execaSync('openssl', ['pkey', '-in', mine.key, '-aes128', '-passout', 'pass:x', '-out', encrypted]);
    const code = (files: Parameters<typeof openSigner>[0]) => {
      try {
        return openSigner(files, true);
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code({ ...mine, key: other.key })).toBe('key-mismatch');
    expect(code({ ...mine, key: encrypted })).toBe('bad-key');
    expect(code({ ...mine, key: mine.certificate })).toBe('bad-key');
    expect(code({ ...mine, certificate: mine.key })).toBe('bad-certificate');
    expect(code({ ...mine, key: at('absent') })).toBe('io-enoent');
    expect(code({ ...mine, keySource: 'pkcs11' })).toBe('bad-key-source');
    expect(code({ ...mine, key: 'pkcs11:token=x', keySource: 'provider:pkcs11' })).toMatchObject({
      key: 'pkcs11:token=x',
    });
  });
});
