import { defineCheck } from '../../check.ts';

export const unguardedVerity = defineCheck(
  'trust/unguarded-verity',
  {
    title: 'The hash tree protects nothing',
    means:
      'The image has a verity partition, but its root hash is not signed, and there is no NAME.roothash beside the ' +
      'image. Whoever changes the files can also recompute the hash tree.',
    matters:
      'systemd mounts such an image without dm-verity: a file that was changed after packing is served as it is, ' +
      'without a message.',
    fix:
      'Sign the image (“flix pack --key KEY --certificate CERTIFICATE”) and let the host require it ' +
      '(--image-policy=root=signed+absent), or put NAME.roothash, from a source that you trust, beside the image.',
  },
  function* ({ merge: { extensions } }) {
    for (const extension of extensions) {
      const { name, image } = extension;
      if (image?.protection !== 'verity' || image.hasRootHash) continue;
      yield {
        extension,
        subject: image.path,
        culprit: 'verity',
        message: `${image.path} has a hash tree, but nothing states its root hash`,
        fix: `Sign the image with “flix pack --key KEY --certificate CERTIFICATE”, or put ${name}.roothash beside it.`,
      };
    }
  },
);
