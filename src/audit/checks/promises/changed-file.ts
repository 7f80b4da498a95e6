import { differenceFrom } from '../../../manifest/expected-entry.ts';
import { defineCheck, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import { oncePer } from '../../once.ts';

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
    for (const extension of extensions) yield* changesOf(extension);
  },
);

/** Compares the files of an extension with its manifest, once for all hosts. */
const changesOf = oncePer((extension: Extension): readonly Observation[] => {
  const { tree, promises } = extension;
  return (promises?.files ?? []).flatMap(file => {
    const difference = differenceFrom(tree, file);
    if (difference === undefined) return [];
    const message = `${file.path} ${difference} (${promises!.manifest})`;
    return [{ severity: 'error', extension, subject: file.path, message, fix: 'Vendor again.' }];
  });
});
