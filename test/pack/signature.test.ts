import fs from 'node:fs';
import { execaSync } from 'execa';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { signRootHash } from '../../src/pack/signature.ts';
import { openSigner } from '../../src/pack/signer.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { makeKeys } from './keys.ts';

const at = scratch();
const ROOT_HASH = 'a5'.repeat(32);

/** Signs with the key in `keys`, named as its source names it. */
const sign = (key: string, keySource?: string) =>
  signRootHash(
    ROOT_HASH,
    openSigner({ key, certificate: at('keys.crt'), ...(keySource !== undefined && { keySource }) }, true)!,
  );

describe.runIf(has('tool:openssl'))('signRootHash with a key source', () => {
  it('makes the same signature with a provider as with the file', async () => {
    const { key } = makeKeys(at('keys'));
    expect(await sign(`file:${key}`, 'provider:default')).toEqual(await sign(key));
  });

  it('refuses a key that does not belong to the certificate', async () => {
    makeKeys(at('keys'));
    const { key } = makeKeys(at('other'));
    await expect(sign(`file:${key}`, 'provider:default')).rejects.toMatchObject({
      code: 'tool-failed',
      message: expect.stringContaining('private key does not match certificate') as string,
    });
  });

  // openssl exits with 0 in this case
  it('fails if the provider is not installed', async () => {
    const { key } = makeKeys(at('keys'));
    await expect(sign(`file:${key}`, 'provider:nope')).rejects.toMatchObject({
      code: 'no-signature',
      message: expect.stringContaining('unable to load provider nope') as string,
      fix: 'Check that provider:nope, given with --key-source, is installed.',
    });
  });

  afterEach(() => vi.unstubAllEnvs());

  it.runIf(has('tool:softhsm2-util', 'engine:pkcs11'))(
    'makes the same signature with a token that an environment variable points to',
    async () => {
      const { key } = makeKeys(at('keys'));
      fs.mkdirSync(at('tokens'));
      fs.writeFileSync(at('conf'), `directories.tokendir = ${at('tokens')}\nobjectstore.backend = file\n`);
      vi.stubEnv('SOFTHSM2_CONF', at('conf'));
      const softhsm = (...options: string[]) => execaSync('softhsm2-util', options);
      softhsm('--init-token', '--free', '--label', 'lab', '--pin', '1234', '--so-pin', '1234');
      softhsm('--import', key, '--token', 'lab', '--label', 'signer', '--id', '01', '--pin', '1234');
      const uri = 'pkcs11:token=lab;object=signer;type=private;pin-value=1234';
      expect(await sign(uri, 'engine:pkcs11')).toEqual(await sign(key));
    },
  );
});
