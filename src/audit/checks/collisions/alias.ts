import { walk } from '../../../view/walk.ts';
import { isAliasName } from '../../alias-name.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { Merge } from '../../merge.ts';

export interface AliasCollision extends FindingBase {
  readonly kind: 'collisions/alias';
  readonly winner: string;
}

export const aliasCollision: Check<AliasCollision> = {
  kind: 'collisions/alias',
  page: {
    title: 'Two extensions have one alias',
    means:
      'A private directory with a long name is reached through a short link, whose name is a part of a digest. Two ' +
      'extensions have the same link, and it leads to different directories.',
    matters:
      'The link of the extension on top is seen. Programs of the other get its loader and its libraries: they ' +
      'crash, or they do not start.',
    fix: 'Give one of the two another name or --prefix, and vendor it again: its alias is then another.',
  },
  find: ({ merge }) => find(merge),
};

function* find({ stack }: Merge): Generator<AliasCollision> {
  const seen = new Map<string, { readonly name: string; readonly to: string }>();
  for (const { name, view } of stack)
    for (const { path, kind } of walk(view, '/usr')) {
      if (kind !== 'link' || !isAliasName(path)) continue;
      const to = view.readlink(path);
      const winner = seen.get(path);
      if (!winner) seen.set(path, { name, to });
      else if (winner.to !== to) yield finding(path, winner, { name, to });
    }
}

function finding(
  path: string,
  winner: { readonly name: string; readonly to: string },
  loser: { readonly name: string; readonly to: string },
): AliasCollision {
  return {
    kind: 'collisions/alias',
    severity: 'error',
    extension: loser.name,
    subject: path,
    alsoIn: [],
    chain: [winner, loser].map(({ name, to }) => ({
      name: path,
      path: to,
      provider: { kind: 'extension', name },
      origin: null,
    })),
    culprit: path,
    winner: winner.name,
    message: `${path} leads to ${winner.to} of ${winner.name}, and not to ${loser.to}`,
    fix: `vendor ${loser.name} again under another name, or with another --prefix`,
  };
}
