import { defineCheck } from '../../check.ts';
import { openingsOf } from '../../openings.ts';

export const unsealedLoader = defineCheck(
  'promises/unsealed-loader',
  {
    title: 'A private loader is not sealed',
    means:
      'The manifest says that the private loader is sealed: it obeys no LD_LIBRARY_PATH, LD_PRELOAD or LD_AUDIT and ' +
      'reads neither the host’s cache nor its preload file. The loader in the tree does.',
    matters:
      'A library of the host can come into the process by what stays open. The loader was replaced or built anew after ' +
      'the tree was made.',
    fix: 'Vendor again, so that the loader is sealed; with --seal none the manifest says what is open.',
  },
  function* ({ merge: { extensions }, subjects }) {
    for (const extension of extensions)
      for (const { loader: path, open: named } of extension.promises?.sealed ?? []) {
        const user = subjects.find(
          subject => subject.extension === extension && subject.closure.loader?.real === path,
        );
        const loader = user?.closure.loader;
        const open = loader ? openingsOf(loader).filter(way => !named.includes(way)) : [];
        if (open.length === 0) continue;
        yield {
          severity: 'error',
          extension,
          subject: path,
          open,
          message: `${path} follows ${open.join(', ')}, and the manifest says that it is sealed`,
          fix: 'vendor again',
        };
      }
  },
);
