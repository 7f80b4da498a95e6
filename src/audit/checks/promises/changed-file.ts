import { differenceFrom } from '../../../manifest/expected-entry.ts';
import { defineCheck } from '../../check.ts';

export const changedFile = defineCheck(
  'promises/changed-file',
  {
    title: 'A file is not what the manifest says',
    means:
      'The manifest that flix wrote into the tree lists its files with their SHA-256. One of them is gone, is something ' +
      'else, or has another content.',
    matters:
      'What was proven when the tree was made (no leak, every symbol found) was proven of other files: somebody edited, ' +
      'stripped or replaced one afterwards.',
    fix: 'Vendor again. What is to be changed is changed in the root or the tree from which flix takes it.',
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
          fix: 'vendor again',
        };
      }
    }
  },
);
