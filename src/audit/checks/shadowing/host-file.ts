import { objectAt } from '../../../view/object.ts';
import { parent } from '../../../view/path.ts';
import { type ChangedPath, changedPaths } from '../../changed-paths.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import type { Merge } from '../../merge.ts';
import { sameEntry } from '../../same-entry.ts';
import { uniqueIndexAt } from '../../unique-index.ts';

/** Nothing runs differently because of these. */
const TEXTS = /^\/usr\/share\/(?:doc|man|info|locale|licenses|bash-completion|zsh|lintian)\//;

export const hiddenFile = defineCheck(
  'shadowing/host-file',
  {
    title: 'A file of the host is hidden',
    means:
      'The extension has a file or link at a path where the host has another one, or a whiteout that hides what the ' +
      'host has. Files with the same content are no finding; libraries and indices are findings of their own.',
    matters:
      'From now on every user of that path gets the extension’s file, and updates of the host do not change it. That ' +
      'may be what you want (a newer tool), but it should not happen by chance: a default configuration, a helper ' +
      'or a unit of the host that disappears is hard to find.',
    fix:
      'Rename the file, install it below a directory of the extension’s own, or leave it out. If it is to replace ' +
      'that of the host, allow this finding by its path. Of a configuration extension it is but a note.',
  },
  ({ merge }) => gathered(find(merge)),
);

function* find(merge: Merge): Generator<Observation> {
  for (const change of changedPaths(merge)) if (isHidden(change, merge)) yield finding(change);
}

/** A directory on either side is a matter of the layout. */
function isHidden({ path, kind, before }: ChangedPath, { view, host }: Merge): boolean {
  if (before === undefined || before === 'directory' || kind === 'directory') return false;
  if (uniqueIndexAt(path)) return false;
  if (kind === undefined) return true;
  if (kind === 'file' && objectAt(view, path).facts?.dynamic?.soname !== undefined) return false;
  return !sameEntry(view, host!.view, path);
}

function finding({ path, kind, extension }: ChangedPath): Observation {
  // a configuration extension is made for that
  const isMeant = extension.rules.type === 'confext' || TEXTS.test(path);
  return {
    severity: isMeant ? 'info' : 'warning',
    extension,
    subject: path,
    culprit: parent(path),
    message:
      kind === undefined
        ? `a whiteout hides ${path} of the host`
        : `${path} hides the host’s file of this name`,
    fix: 'rename it, move it to a directory of the extension’s own, or leave it out',
  };
}
