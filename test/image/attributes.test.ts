import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { imageAttributes } from '../../src/image/attributes.ts';
import { withImage } from '../../src/image/image.ts';
import { listImage } from '../../src/image/unpack.ts';
import type { Attributes } from '../../src/view/attributes.ts';
import { CAPABILITY, RELEASE_STRICT } from '../../src/view/attributes.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { makeFileSystem } from './ddi.ts';

const at = scratch();
/** cap_net_raw=ep, as the kernel stores it. */
const NET_RAW = `0x0100000200200000${'00'.repeat(12)}`;

function tree(root: string): string {
  fs.mkdirSync(path.join(root, 'usr/bin'), { recursive: true });
  const put = (file: string, attributes: Readonly<Record<string, string>>) => {
    fs.writeFileSync(path.join(root, file), file.repeat(99));
    for (const [name, value] of Object.entries(attributes))
      execaSync('setfattr', ['-n', name, '-v', value, path.join(root, file)]);
  };
  put('usr/none', {});
  put('usr/other', { 'user.other': 'x'.repeat(300) });
  put('usr/release', { 'user.other': 'y', [RELEASE_STRICT]: '0' });
  // what many files have is stored once
  for (const name of ['a', 'b', 'c', 'd'])
    put(`usr/bin/${name}`, { [CAPABILITY]: NET_RAW, 'user.other': 'z' });
  return root;
}

const read = (image: string): Promise<Attributes | undefined> =>
  withImage(image, async opened => imageAttributes(opened, await listImage(opened)));

describe.runIf(has('root', 'tool:mkfs.erofs', 'tool:fsck.erofs', 'tool:setfattr'))('imageAttributes', () => {
  it.each(['-x0', '-x2', '-x99'])('reads those of an erofs, each its own or shared: %s', async tolerance => {
    execaSync('mkfs.erofs', ['--quiet', tolerance, at('image.raw'), tree(at('tree'))]);
    const capability = new Map([[CAPABILITY, Buffer.from(NET_RAW.slice(2), 'hex')]]);
    expect(await read(at('image.raw'))).toEqual(
      new Map([
        ...['a', 'b', 'c', 'd'].map(name => [`/usr/bin/${name}`, capability] as const),
        ['/usr/release', new Map([[RELEASE_STRICT, Buffer.from('0')]])],
      ]),
    );
  });

  it.runIf(has('tool:mksquashfs', 'tool:unsquashfs'))(
    'knows none of others, which is not to have none',
    async () => {
      makeFileSystem('squashfs', tree(at('tree')), at('image.raw'));
      expect(await read(at('image.raw'))).toBeUndefined();
    },
  );
});
