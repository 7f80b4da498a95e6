import { basename, parent } from '../../../view/path.ts';
import { walk } from '../../../view/walk.ts';
import { defineCheck, type Observation } from '../../check.ts';
import { asProvider, type Extension } from '../../extension.ts';
import type { Merge } from '../../merge.ts';

interface AliasCollision extends Observation {
  readonly winner: string;
}

interface Alias {
  readonly extension: Extension;
  readonly to: string;
}

export const aliasCollision = defineCheck(
  'collisions/alias',
  {
    title: 'Two extensions have the same alias',
    means:
      'A private directory with a long name is reached through a short link whose name is a part of a digest. Two ' +
      'extensions have a link of the same name that points to different directories.',
    matters:
      'Only the link of the topmost extension is visible. Programs of the other one get its loader and libraries: ' +
      'they crash or do not start.',
    fix: 'Give one of the two another name or --prefix, and vendor it again: its alias then changes.',
  },
  ({ merge }) => find(merge),
);

function* find({ stack }: Merge): Generator<AliasCollision> {
  const seen = new Map<string, Alias>();
  for (const extension of stack)
    for (const { path, kind } of walk(extension.view, '/usr')) {
      if (kind !== 'link' || !isAliasName(path)) continue;
      const to = extension.view.readlink(path);
      const winner = seen.get(path);
      if (!winner) seen.set(path, { extension, to });
      else if (winner.to !== to) yield finding(path, winner, { extension, to });
    }
}

function finding(path: string, winner: Alias, loser: Alias): AliasCollision {
  return {
    severity: 'error',
    extension: loser.extension,
    subject: path,
    chain: [winner, loser].map(({ extension, to }) => ({
      name: path,
      path: to,
      provider: asProvider(extension),
      origin: null,
    })),
    winner: winner.extension.name,
    message: `${path} points to ${winner.to} of ${winner.extension.name}, not to ${loser.to}`,
    fix: `Make ${loser.extension.name} again with “flix vendor --name NAME” or “flix vendor --prefix DIR”.`,
  };
}

/**
 * Whether it is a short link that lets a private directory fit into a loader, or into another path: `/usr/local/.1234567`,
 * `/usr/.1234`, `/usr/123`.
 */
export function isAliasName(path: string): boolean {
  const name = basename(path);
  return (
    /^\.[0-9a-f]{7}$/.test(name) ||
    (parent(path) === '/usr' && /^(?:\.[0-9a-f]{4,12}|[0-9a-f]{3})$/.test(name))
  );
}
