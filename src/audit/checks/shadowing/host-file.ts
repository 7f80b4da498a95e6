import { objectAt } from '../../../view/object.ts';
import { parent } from '../../../view/path.ts';
import { type ChangedPath, selectChanged } from '../../changed-paths.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import type { Merge } from '../../merge.ts';
import { sameEntry } from '../../same-entry.ts';
import { uniqueIndexAt } from '../../unique-index.ts';

/** Files that no program’s behaviour depends on. */
const TEXTS = /^\/usr\/share\/(?:doc|man|info|locale|licenses|bash-completion|zsh|lintian)\//;

export const hiddenFile = defineCheck(
  'shadowing/host-file',
  {
    title: 'A file of the host is shadowed',
    means:
      'The extension contains a file or link at a path where the host has a different one, or a whiteout that ' +
      'hides what the host has. Files with equal content are not reported; libraries and indices have kinds of ' +
      'their own.',
    matters:
      'Every user of that path gets the extension’s file, and updates of the host do not change it. This may be ' +
      'intended (a newer tool), but it should not happen by accident: it is hard to find out why a default ' +
      'configuration, a helper or a unit of the host has disappeared.',
    fix:
      'Rename the file, install it in a directory of the extension’s own, or leave it out. If it is meant to ' +
      'replace the host’s file, allow this finding for its path. For a configuration extension this is only a note.',
  },
  ({ merge }) => gathered(hiddenFiles(merge)),
);

const hiddenFiles = selectChanged((change, merge) => (isHidden(change, merge) ? finding(change) : undefined));

/** Directories on either side are left to layout/replaced-directory. */
function isHidden({ path, kind, before }: ChangedPath, { view, host }: Merge): boolean {
  if (before === undefined || before === 'directory' || kind === 'directory') return false;
  if (uniqueIndexAt(path)) return false;
  if (kind === undefined) return true;
  if (kind === 'file' && objectAt(view, path).facts?.dynamic?.soname !== undefined) return false;
  return !sameEntry(view, host!.view, path);
}

function finding({ path, kind, extension }: ChangedPath): Observation {
  // replacing files is what a configuration extension is for
  const isMeant = extension.rules.type === 'confext' || TEXTS.test(path);
  return {
    severity: isMeant ? 'info' : 'warning',
    extension,
    subject: path,
    culprit: parent(path),
    message:
      kind === undefined
        ? `a whiteout hides ${path} of the host`
        : `${path} shadows the host’s file at this path`,
    fix: 'Rename it, move it to a directory of the extension’s own, or leave it out.',
  };
}
