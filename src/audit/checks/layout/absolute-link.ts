import { follow } from '../../../view/follow.ts';
import { parent, relative } from '../../../view/path.ts';
import { defineEntryCheck } from '../../check.ts';

export const absoluteLink = defineEntryCheck(
  'layout/absolute-link',
  {
    title: 'A symbolic link is absolute',
    means: 'A symbolic link points to a file of the same extension by an absolute path.',
    matters:
      'It works once the extension is merged. Before that (in the tree, in a mounted image, in an overlay elsewhere) ' +
      'the link points to a file of the machine that reads it, so checks, scanners and signers see a different file ' +
      'from the one the host will see.',
    fix: 'Make it relative: “ln -sr” for one link, “symlinks -rc” for a whole tree.',
  },
  ({ extension: { view }, path, kind }) => {
    if (kind !== 'link') return undefined;
    const text = view.readlink(path);
    const target = text.startsWith('/') ? follow(view, text).path : undefined;
    if (target === undefined || target === '/') return undefined;
    return {
      severity: 'info',
      culprit: parent(path),
      message: `${path} points to a file of the extension by an absolute path, ${text}`,
      fix: `Make it point to “${relative(path, target)}”.`,
    };
  },
);
