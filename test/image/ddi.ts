import fs from 'node:fs';
import { createHash, X509Certificate } from 'node:crypto';
import { execaSync } from 'execa';

/**
 * DDIs made with sfdisk, veritysetup and openssl, and none of our own code: what reads images is tried on images that
 * others made.
 */

export interface DdiOptions {
  readonly tree: string;
  readonly output: string;
  /** PEM files. Default: no signature. */
  readonly key?: string;
  readonly certificate?: string;
  readonly verity?: boolean;
  readonly fileSystem?: 'erofs' | 'squashfs' | 'ext4' | 'btrfs';
  /** What is to be otherwise, for images that are wrong. */
  readonly dataUuid?: string;
  readonly types?: readonly string[];
  readonly signature?: (signature: Record<string, string>) => Record<string, string>;
}

const X86_64 = [
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
  '41092b05-9fc8-4523-994f-2def0408b176',
] as const;
const MIB = 1024 * 1024;
/** Before the first partition, and behind the last. */
const LEAD = 64 * 1024;
const SALT = 'c0'.repeat(32);
const READ_ONLY = 'GUID:60';

/** Makes the image and returns its root hash; an empty string if it has none. */
export function makeDdi(options: DdiOptions): string {
  const { output, verity = true, types = X86_64 } = options;
  const data = `${output}.data`;
  makeFileSystem(options.fileSystem ?? 'erofs', options.tree, data);
  fs.truncateSync(data, Math.ceil(fs.statSync(data).size / 4096) * 4096);
  const parts = [data];
  let rootHash = '';
  if (verity) {
    rootHash = makeVerity(data, `${output}.hash`);
    parts.push(`${output}.hash`);
  }
  if (options.key !== undefined && options.certificate !== undefined) {
    const signature = sign(rootHash, options.key, options.certificate);
    const json = JSON.stringify(options.signature ? options.signature(signature) : signature);
    fs.writeFileSync(`${output}.sig`, json);
    fs.truncateSync(`${output}.sig`, 16384);
    parts.push(`${output}.sig`);
  }
  const uuids = rootHash && [uuid(rootHash.slice(0, 32)), uuid(rootHash.slice(32))];
  assemble(output, parts, types, options.dataUuid ? [options.dataUuid, uuids[1] ?? ''] : uuids || []);
  for (const part of parts) fs.rmSync(part);
  return rootHash;
}

/** A key and a self-signed certificate, as PEM files. */
export function makeKey(place: string, subject = 'test', algorithm = 'rsa:2048') {
  const pair = { key: `${place}.key`, certificate: `${place}.crt` };
  const options = ['-nodes', '-days', '3650', '-subj', `/CN=${subject}`];
  const files = ['-keyout', pair.key, '-out', pair.certificate];
  execaSync('openssl', ['req', '-x509', '-newkey', algorithm, ...options, ...files]);
  return pair;
}

/** @param attributes whether it gets the extended attributes of the tree; ext4 and btrfs always do */
export function makeFileSystem(
  kind: NonNullable<DdiOptions['fileSystem']>,
  tree: string,
  output: string,
  { attributes = false }: { readonly attributes?: boolean } = {},
): void {
  fs.rmSync(output, { force: true });
  const epoch = { env: { SOURCE_DATE_EPOCH: '0' } };
  switch (kind) {
    case 'erofs':
      execaSync(
        'mkfs.erofs',
        ['--quiet', '--all-root', attributes ? '-x2' : '-x-1', '-T0', '-zlz4hc,9', '-C65536', output, tree],
        epoch,
      );
      break;
    case 'squashfs':
      execaSync('mksquashfs', [
        tree,
        output,
        '-noappend',
        '-no-progress',
        '-quiet',
        '-all-root',
        attributes ? '-xattrs' : '-no-xattrs',
      ]);
      break;
    case 'ext4':
      fs.writeFileSync(output, '');
      fs.truncateSync(output, 16 * MIB);
      execaSync('/sbin/mkfs.ext4', ['-q', '-O', '^has_journal', '-d', tree, output]);
      break;
    case 'btrfs':
      fs.writeFileSync(output, '');
      fs.truncateSync(output, 128 * MIB);
      execaSync('/sbin/mkfs.btrfs', ['-q', '--rootdir', tree, output]);
  }
}

function makeVerity(data: string, hash: string): string {
  fs.rmSync(hash, { force: true });
  const options = ['--salt', SALT, '--uuid', '00112233-4455-4677-8899-aabbccddeeff'];
  const { stdout } = execaSync('/sbin/veritysetup', ['format', ...options, data, hash]);
  return /Root hash:\s*([0-9a-f]{64})/.exec(stdout)![1]!;
}

/** Returns the members of a signature partition for a root hash. */
export function sign(rootHash: string, key: string, certificate: string): Record<string, string> {
  const options = ['-sign', '-binary', '-noattr', '-outform', 'der', '-signer', certificate, '-inkey', key];
  const { stdout } = execaSync('openssl', ['smime', ...options], {
    input: rootHash,
    encoding: 'buffer',
    stripFinalNewline: false, // one signature in 256 ends with the byte 0x0a
  });
  const { raw } = new X509Certificate(fs.readFileSync(certificate));
  return {
    rootHash,
    certificateFingerprint: createHash('sha256').update(raw).digest('hex'),
    signature: Buffer.from(stdout).toString('base64'),
  };
}

function assemble(
  output: string,
  parts: readonly string[],
  types: readonly string[],
  uuids: readonly string[],
): void {
  const sizes = parts.map(part => fs.statSync(part).size);
  const lines = [
    'label: gpt',
    'label-id: 11111111-2222-4333-8444-555555555555',
    'unit: sectors',
    'first-lba: 128',
    'grain: 4096',
  ];
  let at = LEAD;
  for (const [i, size] of sizes.entries()) {
    const id = uuids[i] ?? `99999999-0000-4000-8000-00000000000${i}`;
    lines.push(`start=${at / 512}, size=${size / 512}, type=${types[i]}, uuid=${id}, attrs="${READ_ONLY}"`);
    at += size;
  }
  fs.writeFileSync(output, '');
  fs.truncateSync(output, at + LEAD);
  execaSync('/sbin/sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', output], {
    input: lines.join('\n'),
  });
  at = LEAD;
  for (const [i, part] of parts.entries()) {
    execaSync('dd', [`if=${part}`, `of=${output}`, 'bs=4096', `seek=${at / 4096}`, 'conv=notrunc']);
    at += sizes[i]!;
  }
}

function uuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
