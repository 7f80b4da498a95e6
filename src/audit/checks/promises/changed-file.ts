import { sha256At } from '../../../view/digest.ts';
import { ReadFailure, type View } from '../../../view/view.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { PromisedFile } from '../../promises.ts';

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
    mend: 'Vendor again. What is to be changed is changed in the root or the tree from which flix takes it.',
  },
  *find({ merge: { extensions } }) {
    for (const { name, tree, promises } of extensions)
      for (const file of promises?.files ?? []) {
        const difference = differenceOf(file, tree);
        if (difference === undefined) continue;
        yield {
          kind: 'promises/changed-file',
          severity: 'error',
          extension: name,
          subject: file.path,
          alsoIn: [],
          chain: [],
          culprit: file.path,
          message: `${file.path} ${difference}, and ${promises!.manifest} says otherwise`,
          remedy: 'vendor again',
        };
      }
  },
};

function differenceOf({ path, sha256, link }: PromisedFile, tree: View): string | undefined {
  const kind = tree.kind(path);
  if (kind === undefined) return 'is not there';
  if (link !== undefined)
    return kind === 'link' && tree.readlink(path) === link ? undefined : 'is another link';
  if (sha256 === undefined) return undefined;
  if (kind !== 'file') return 'is no file';
  return digest(tree, path) === sha256 ? undefined : 'has another content';
}

function digest(tree: View, path: string): string | undefined {
  try {
    return sha256At(tree, path).toString('hex');
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}
