import { defineCheck } from '../../check.ts';

export const unguardedVerity = defineCheck(
  'trust/unguarded-verity',
  {
    title: 'A hash tree protects nothing',
    means:
      'The image has a verity partition, its root hash is not signed, and no NAME.roothash lies beside it. Whoever ' +
      'changes the files can compute the hash tree anew.',
    matters:
      'systemd merges such an image without dm-verity at all: a file that was changed after packing is served as it is, ' +
      'and nothing is said.',
    fix:
      'Sign the image (“flix pack --sign”) and let the host demand it (--image-policy=root=signed+absent), or keep ' +
      'NAME.roothash, from a place that you trust, beside the image.',
  },
  function* ({ merge: { extensions } }) {
    for (const extension of extensions) {
      const { name, image } = extension;
      if (image?.protection !== 'verity' || image.hasRootHash) continue;
      yield {
        extension,
        subject: image.path,
        culprit: 'verity',
        message: `${image.path} has a hash tree, and nothing says which root hash it has to have`,
        fix: `sign it, or put ${name}.roothash beside it`,
      };
    }
  },
);
