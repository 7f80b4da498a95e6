import type { HostDiff, LibraryChange } from '../audit/host-diff.ts';
import { printable } from '../printable.ts';
import type { Style } from './style.ts';

const UNIT_CHANGES = { gone: 'removed', new: 'added', changed: 'changed' } as const;

export const HOST_DIFF_SCHEMA = 'flix.host-diff/1';

export function hostDiffDocument(diff: HostDiff): { readonly schema: typeof HOST_DIFF_SCHEMA } & HostDiff {
  return { schema: HOST_DIFF_SCHEMA, ...diff };
}

/** Prints what an update changes. What it removes comes first, because that is what breaks extensions. */
export function hostDiffText(diff: HostDiff, style: Style): string {
  const { before, after, release, kernels, libraries, units } = diff;
  const of = (...changes: readonly LibraryChange['change'][]) =>
    libraries.filter(({ change }) => changes.includes(change));
  const sections: (readonly [title: string, lines: readonly string[]])[] = [
    ['os-release', release.map(one => `${one.key}: ${one.before ?? '(none)'} → ${one.after ?? '(none)'}`)],
    ['kernels removed', kernels.flatMap(one => (one.change === 'gone' ? [one.release] : []))],
    ['kernels added', kernels.flatMap(one => (one.change === 'new' ? [one.release] : []))],
    ['libraries removed', of('gone').map(({ soname, before: path }) => `${soname} (${path})`)],
    [
      'symbol versions removed',
      libraries
        .filter(({ versionsGone }) => versionsGone.length > 0)
        .map(({ soname, versionsGone }) => `${soname}: ${versionsGone.join(', ')}`),
    ],
    ['libraries moved', of('moved').map(one => `${one.soname}: ${one.before} → ${one.after}`)],
    ['libraries added', of('new').map(({ soname, after: path }) => `${soname} (${path})`)],
    [
      'symbol versions added',
      libraries
        .filter(({ versionsNew }) => versionsNew.length > 0)
        .map(({ soname, versionsNew }) => `${soname}: ${versionsNew.join(', ')}`),
    ],
    ...(['gone', 'new', 'changed'] as const).map(
      kind =>
        [
          `units ${UNIT_CHANGES[kind]}`,
          units.flatMap(({ name, change }) => (change === kind ? [name] : [])),
        ] as const,
    ),
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0);
  const text = shown.flatMap(([title, lines]) => [
    style.strong(`${title} (${lines.length})`),
    ...lines.map(line => `  ${printable(line)}`),
    '',
  ]);
  const summary =
    shown.length === 0 ? 'no difference that affects extensions' : 'the differences are listed above';
  return [...text, `${printable(before)} → ${printable(after)}: ${summary}`, ''].join('\n');
}
