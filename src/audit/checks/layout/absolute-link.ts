import { follow } from '../../../view/follow.ts';
import { parent, relative } from '../../../view/path.ts';
import { type Check, gathered } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';
import type { Merge } from '../../merge.ts';

export interface AbsoluteLink extends FindingBase {
  readonly kind: 'layout/absolute-link';
}

export const absoluteLink: Check<AbsoluteLink> = {
  kind: 'layout/absolute-link',
  page: {
    title: 'A link is absolute',
    means: 'A symbolic link leads to a file of the same extension by a path from the root.',
    matters:
      'It works once merged. Before that, in the tree, in a mounted image or in an overlay at another place, the same ' +
      'link leads to the file of the machine that looks: checks, scanners and signers see another file than the host will.',
    fix: 'Make it relative (“ln -sr”; “symlinks -rc” does a whole tree).',
  },
  find: ({ merge }) => gathered(find(merge)),
};

function* find(merge: Merge): Generator<AbsoluteLink> {
  for (const { extension, path, kind } of shownEntries(merge)) {
    if (kind !== 'link') continue;
    const text = extension.view.readlink(path);
    const target = text.startsWith('/') ? follow(extension.view, text).path : undefined;
    if (target === undefined || target === '/') continue;
    yield {
      kind: 'layout/absolute-link',
      severity: 'info',
      extension: extension.name,
      subject: path,
      alsoIn: [],
      chain: [],
      culprit: parent(path),
      message: `${path} leads to ${text}, a file of the extension, by a path from the root`,
      fix: `make it lead to ${relative(path, target)}`,
    };
  }
}
