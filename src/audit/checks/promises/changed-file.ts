import { differenceFrom } from '../../../manifest/expected-entry.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';

export interface ChangedFile extends FindingBase {
  readonly kind: 'promises/changed-file';
}

export const changedFile: Check<ChangedFile> = {
  kind: 'promises/changed-file',
  page: {
    title: 'A file is not what the manifest says',
    means:
      'The manifest that flix wrote into the tree lists its files with their SHA-256. One of them is gone, is something ' +
      'else, or has another content.',
    matters:
      'What was proven when the tree was made (no leak, every symbol found) was proven of other files: somebody edited, ' +
      'stripped or replaced one afterwards.',
    fix: 'Vendor again. What is to be changed is changed in the root or the tree from which flix takes it.',
  },
  *find({ merge: { extensions } }) {
    for (const { name, tree, promises } of extensions)
      for (const file of promises?.files ?? []) {
        const difference = differenceFrom(tree, file);
        if (difference === undefined) continue;
        yield {
          kind: 'promises/changed-file',
          severity: 'error',
          extension: name,
          subject: file.path,
          alsoIn: [],
          chain: [],
          culprit: file.path,
          message: `${file.path} ${difference} (${promises!.manifest})`,
          fix: 'vendor again',
        };
      }
  },
};
