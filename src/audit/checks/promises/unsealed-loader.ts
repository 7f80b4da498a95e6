import { defineCheck } from '../../check.ts';
import { openingsOf } from '../../openings.ts';

export const unsealedLoader = defineCheck(
  'promises/unsealed-loader',
  {
    title: 'A private loader is not sealed',
    means:
      'The manifest says that the private loader is sealed, that is, it ignores LD_LIBRARY_PATH, LD_PRELOAD and ' +
      'LD_AUDIT, and reads neither the host’s cache nor its preload file. The loader in the tree does not do so.',
    matters:
      'A library of the host can get into the process through whatever is open. The loader was replaced or rebuilt ' +
      'after the tree was made.',
    fix: 'Vendor again, so that the loader is sealed. With --seal none the manifest lists what is open.',
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
          message: `${path} honours ${open.join(', ')}, although the manifest says that it is sealed`,
          fix: 'Vendor again.',
        };
      }
  },
);
