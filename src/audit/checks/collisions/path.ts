import { objectAt } from '../../../view/object.ts';
import { walk } from '../../../view/walk.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import { asProvider, type Extension } from '../../extension.ts';
import type { Merge } from '../../merge.ts';
import { sameEntry } from '../../same-entry.ts';
import { uniqueIndexAt } from '../../unique-index.ts';
import { isAliasName } from './alias.ts';

interface PathCollision extends Observation {
  /** The name of the upper extension, whose file is visible. */
  readonly winner: string;
}

/** Files that no program’s behaviour depends on. */
const TEXTS = /^\/usr\/share\/(?:doc|man|info|locale|licenses)\//;

export const pathCollision = defineCheck(
  'collisions/path',
  {
    title: 'Two extensions have different files at one path',
    means:
      'Two extensions contain a file, link or directory at the same path, with different content. systemd-sysext ' +
      'stacks extensions by name, compared as versions: the last one is on top, and its file is the visible one.',
    matters:
      'The lower extension runs with a file of the other, or finds a file where it has a directory. Which one ' +
      'loses changes when either is renamed. Merging reports nothing.',
    fix:
      'Give each extension a directory of its own for its files (“flix vendor” does so for libraries), or ship ' +
      'what both need in a third extension.',
  },
  ({ merge }) => gathered(find(merge)),
);

function* find(merge: Merge): Generator<PathCollision> {
  // the topmost extension loses no entry
  for (const loser of merge.stack.slice(1))
    for (const { path } of walk(loser.view, '/')) {
      const winner = collider(path, loser, merge);
      if (winner && !isAliasName(path) && !uniqueIndexAt(path)) yield finding(path, winner, loser);
    }
}

/** Returns the topmost extension above this one that has a different entry at the path. */
function collider(path: string, loser: Extension, { stack }: Merge): Extension | undefined {
  const above = stack.slice(0, stack.indexOf(loser));
  return above.find(
    extension => extension.view.kind(path) !== undefined && !sameEntry(extension.view, loser.view, path),
  );
}

function finding(path: string, winner: Extension, loser: Extension): PathCollision {
  const isCode = [winner, loser].some(
    ({ view }) => view.kind(path) === 'file' && objectAt(view, path).facts !== undefined,
  );
  return {
    severity: isCode ? 'error' : TEXTS.test(path) ? 'info' : 'warning',
    extension: loser,
    subject: path,
    chain: [winner, loser].map(extension => ({
      name: path,
      path,
      provider: asProvider(extension),
      origin: null,
    })),
    winner: winner.name,
    message: `${path} of ${winner.name} shadows a different one of ${loser.name}`,
    fix: 'Give each extension its own directory with “flix vendor”, or ship what both need in a third extension.',
  };
}
