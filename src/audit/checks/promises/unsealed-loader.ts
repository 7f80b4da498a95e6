import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { openingsOf } from '../../openings.ts';

export interface UnsealedLoader extends FindingBase {
  readonly kind: 'promises/unsealed-loader';
  readonly open: readonly string[];
}

export const unsealedLoader: Check<UnsealedLoader> = {
  kind: 'promises/unsealed-loader',
  page: {
    title: 'A private loader is not sealed',
    means:
      'The manifest says that the private loader is sealed: it obeys no LD_LIBRARY_PATH, LD_PRELOAD or LD_AUDIT and ' +
      'reads neither the host’s cache nor its preload file. The loader in the tree does.',
    matters:
      'A library of the host can come into the process by what stays open. The loader was replaced or built anew after ' +
      'the tree was made.',
    fix: 'Vendor again, so that the loader is sealed; with --seal none the manifest says what is open.',
  },
  *find({ merge: { extensions }, subjects }) {
    for (const extension of extensions)
      for (const { loader: path, open: named } of extension.promises?.sealed ?? []) {
        const user = subjects.find(
          subject => subject.extension === extension && subject.closure.loader?.real === path,
        );
        const loader = user?.closure.loader;
        const open = loader ? openingsOf(loader).filter(way => !named.includes(way)) : [];
        if (open.length === 0) continue;
        yield {
          kind: 'promises/unsealed-loader',
          severity: 'error',
          extension: extension.name,
          subject: path,
          alsoIn: [],
          chain: [],
          culprit: path,
          open,
          message: `${path} follows ${open.join(', ')}, and the manifest says that it is sealed`,
          fix: 'vendor again',
        };
      }
  },
};
