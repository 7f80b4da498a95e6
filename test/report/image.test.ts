import { describe, expect, it } from 'vitest';
import type { PackedImage } from '../../src/pack/image.ts';
import { imageDocument, imageText } from '../../src/report/image.ts';

const signed: PackedImage = {
  name: 'btop',
  type: 'sysext',
  version: '1.2',
  architecture: 'x86-64',
  path: '/out/btop.raw',
  format: 'ddi',
  compression: 'small',
  kernel: '5.15',
  size: 4_542_464,
  sha256: 'a'.repeat(64),
  uuid: '11111111-2222-8333-8444-555555555555',
  rootHash: 'b'.repeat(64),
  certificate: 'c'.repeat(64),
  release: 'ID=_any\nARCHITECTURE=x86-64\n',
  anyName: false,
  labelled: true,
  beside: [{ role: 'roothash', path: '/out/btop.roothash', sha256: 'd'.repeat(64) }],
  tools: [{ name: 'mkfs.erofs', version: '1.5' }],
};
const labels = (text: string) => [...text.matchAll(/^ {2}(\S[\S ]*?) {2,}\S/gm)].map(([, label]) => label);

describe('imageText', () => {
  it('names the policy that enforces the signature, and the place of the certificate', () => {
    expect(imageText(signed)).toMatch(
      / policy +systemd-sysext --image-policy=root=signed\+absent:usr=signed\+absent\n/,
    );
    expect(imageText(signed)).toMatch(/ certificate +to \/etc\/verity\.d\/<any name>\.crt/);
    expect(imageText({ ...signed, type: 'portable' })).toContain('RootImagePolicy=root=signed+absent');
    expect(imageText({ ...signed, type: 'confext' })).toContain('systemd-confext --image-policy=');
  });

  it('says that an image without a signature is not protected, with or without a hash tree', () => {
    expect(imageText({ ...signed, certificate: undefined })).toMatch(
      / trust +none by itself: the root hash has to/,
    );
    expect(imageText({ ...signed, certificate: undefined, rootHash: undefined })).toMatch(
      / trust +none: a change of the image/,
    );
  });

  it('explains every line with --explain', () => {
    const short = imageText(signed).trimEnd().split('\n');
    const explained = imageText(signed, true).trimEnd().split('\n');
    expect(labels(explained.join('\n'))).toEqual(labels(short.join('\n')));
    const lines = explained.filter(line => labels(line).length > 0 && !line.startsWith('   '));
    expect(lines).toHaveLength(short.length - 2);
    for (const line of lines) expect(explained[explained.indexOf(line) + 1], line).toMatch(/^ {10,}\S/);
  });

  it('says that merging a confext makes /etc read-only and not executable', () => {
    const text = (type: 'sysext' | 'confext') => imageText({ ...signed, type }, true).replace(/\s+/g, ' ');
    expect(text('confext')).toContain('/etc is read-only and nothing in it can be executed');
    expect(text('sysext')).not.toContain('/etc is read-only');
  });

  it('has null in the document for every value that is absent', () => {
    const document = imageDocument({ ...signed, version: undefined });
    expect(JSON.parse(JSON.stringify(document))).toMatchObject({
      schema: 'flix.pack/2',
      version: null,
      rootHash: signed.rootHash,
      certificate: signed.certificate,
      host: expect.arrayContaining([{ what: 'activate', say: 'systemd-sysext refresh' }]) as unknown,
    });
  });
});
