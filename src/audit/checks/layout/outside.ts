import type { ExtensionRules } from '../../../systemd/extension-type.ts';
import type { View } from '../../../view/view.ts';
import { walk } from '../../../view/walk.ts';
import { defineCheck } from '../../check.ts';

export const outsideHierarchies = defineCheck(
  'layout/outside',
  {
    title: 'Files are outside the merged directories',
    means:
      'systemd merges /usr and /opt of a system extension, and /etc of a configuration extension. Files anywhere ' +
      'else in the tree, such as /etc or /var, are in the image but do not appear on the host.',
    matters:
      'Configuration files, state directories and links in /bin or /lib are simply missing: the program runs ' +
      'without them, or does not start.',
    fix:
      'Move them below /usr: defaults to /usr/share or /usr/lib, from where a tmpfiles.d line copies them (C ' +
      '/etc/app.conf); links of /bin and /lib to /usr/bin and /usr/lib. Files of /etc can also go into a confext ' +
      'image, which systemd-confext merges.',
  },
  function* ({ merge: { extensions } }) {
    for (const extension of extensions) {
      const { tree, rules } = extension;
      for (const [top, kind] of tree.list('/')) {
        const path = `/${top}`;
        if (rules.hierarchies.includes(top) || path === '/lost+found') continue;
        const first = kind === 'directory' ? firstFile(tree, path) : path;
        if (first === undefined) continue;
        yield {
          extension,
          subject: first,
          culprit: path,
          message: `${first} is outside ${rules.hierarchies.map(hierarchy => `/${hierarchy}`).join(' and ')} and will not appear on the host`,
          fix: fix(rules, top),
        };
      }
    }
  },
);

function fix({ type }: ExtensionRules, top: string): string {
  if (type === 'confext') return 'Put it into a system extension beside this one, or leave it out.';
  if (top !== 'etc') return 'Move it below /usr, or leave it out.';
  return 'Ship a default below /usr and copy it with a tmpfiles.d line, or make a confext of /etc.';
}

/** Returns the first entry that is not a directory. Empty directories may be mount points, and are not reported. */
function firstFile(tree: View, directory: string): string | undefined {
  for (const { path, kind } of walk(tree, directory)) if (kind !== 'directory') return path;
  return undefined;
}
