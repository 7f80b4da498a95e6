import { describe, expect, it } from 'vitest';
import { kernelOf, releaseIn } from '../../src/trial/guest-kernel.ts';
import { directoryView } from '../../src/view/directory.ts';
import { makeRoot } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

describe('the kernel of a guest', () => {
  it('is the newest one in /boot or beside its modules, by the numbers in its release', () => {
    const file = { text: '' };
    const root = makeRoot(at('root'), {
      '/boot/vmlinuz-6.9.1-amd64': file,
      '/boot/vmlinuz-6.12.3-amd64': file,
      '/usr/lib/modules/6.10.0/vmlinuz': file,
    });
    expect(kernelOf(directoryView(root))).toMatchObject({
      path: '/boot/vmlinuz-6.12.3-amd64',
      release: '6.12.3-amd64',
    });
  });

  it('is asked for if the root has none', () => {
    const root = makeRoot(at('root'), { '/boot/config-6.12.3': { text: '' } });
    expect(() => kernelOf(directoryView(root))).toThrow(expect.objectContaining({ code: 'no-kernel' }));
  });
});

describe('releaseIn', () => {
  it('reads the release from the places of kernels, and from no other path', () => {
    expect(
      ['/boot/vmlinuz-6.1.0-13-amd64', '/r/usr/lib/modules/6.5.0/vmlinuz', '/tmp/vmlinuz'].map(releaseIn),
    ).toEqual(['6.1.0-13-amd64', '6.5.0', undefined]);
  });
});
