import { differenceFrom } from '../../../manifest/expected-entry.ts';
import { defineCheck } from '../../check.ts';

export const changedFile = defineCheck(
  'promises/changed-file',
  {
    title: 'A file differs from the manifest',
    means:
      'The manifest that flix wrote into the tree lists its files with their SHA-256 digests. One of them is ' +
      'missing, is of another kind, or has different content.',
    matters:
      'What was proved when the tree was built (no leaks, every symbol found) was proved for the original files: ' +
      'somebody edited, stripped or replaced one afterwards.',
    fix: 'Vendor again. Make changes in the root or tree from which flix takes the files.',
  },
  function* ({ merge: { extensions } }) {
    for (const extension of extensions) {
      const { tree, promises } = extension;
      for (const file of promises?.files ?? []) {
        const difference = differenceFrom(tree, file);
        if (difference === undefined) continue;
        yield {
          severity: 'error',
          extension,
          subject: file.path,
          message: `${file.path} ${difference} (${promises!.manifest})`,
          fix: 'Vendor again.',
        };
      }
    }
  },
);
