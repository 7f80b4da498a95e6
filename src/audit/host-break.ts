import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { defines, undefinedSymbols } from '../resolve/symbol-check.ts';
import { follow } from '../view/follow.ts';
import { within } from '../view/path.ts';
import { symbolsAt } from '../view/object.ts';
import { selectChanged } from './changed-paths.ts';
import type { Extension } from './extension.ts';
import { type HostChange, hostChanges, predecessor } from './host-change.ts';
import type { Merge } from './merge.ts';
import { oncePer } from './once.ts';

/** Why a file of the host that loaded before the merge fails after it. */
export interface HostBreak {
  readonly change: HostChange;
  readonly culprit: Culprit;
  /** The object whose requirement is not met; it belongs to the host or to an extension. */
  readonly requester: LoadedObject;
  readonly problem:
    | { readonly kind: 'library'; readonly name: string }
    | { readonly kind: 'version'; readonly name: string; readonly file: string }
    | { readonly kind: 'symbol'; readonly name: string }
    | { readonly kind: 'fatal'; readonly name: string; readonly reason: string };
}

/**
 * The entry of an extension that causes the failure: the object that is loaded now, or the entry that hides the old
 * one.
 */
export interface Culprit {
  readonly path: string;
  readonly extension: Extension;
}

/** Returns every new failure of the host’s programs, and of its libraries that no failing program loads. */
export const hostBreaks = oncePer((merge: Merge): readonly HostBreak[] =>
  hostChanges(merge).flatMap(change => Array.from(breaksOf(change, merge))),
);

function* breaksOf(change: HostChange, merge: Merge): Generator<HostBreak> {
  const { before, after } = change;
  const blame: Blame = (requester, problem, ...suspects) => {
    const culprit = firstFromExtension([...suspects, requester, ...after.objects, after.loader], merge);
    const blamed = culprit ?? entryHiding(change, problem.name, merge);
    return blamed ? [{ change, culprit: blamed, requester, problem }] : [];
  };
  const { fatal, entry, interpreterMissing } = after;
  if (fatal) {
    const { path, reason, requester = entry } = fatal;
    if (!before.fatal) yield* blame(requester, { kind: 'fatal', name: path, reason });
    return;
  }
  if (interpreterMissing !== undefined && before.interpreterMissing === undefined) {
    yield* blame(entry, { kind: 'library', name: interpreterMissing });
    return;
  }
  for (const { name, requester } of added(before.missing, after.missing, one => one.name))
    yield* blame(requester, { kind: 'library', name });
  const versions = added(before.versionProblems, after.versionProblems, versionKey);
  for (const { requester, provider, version, file } of versions)
    yield* blame(requester, { kind: 'version', name: version, file }, provider);
  // the loader compares versions first, and binds no symbol if that fails
  if (versions.length === 0) yield* symbolBreaks(change, blame);
}

type Blame = (
  requester: LoadedObject,
  problem: HostBreak['problem'],
  ...suspects: (LoadedObject | undefined)[]
) => HostBreak[];

/** Returns the first suspect that belongs to an extension. */
function firstFromExtension(
  suspects: readonly (Pick<LoadedObject, 'real'> | undefined)[],
  { extensionOf }: Merge,
): Culprit | undefined {
  for (const { real } of suspects.filter(suspect => suspect !== undefined)) {
    const extension = extensionOf(real);
    if (extension) return { path: real, extension };
  }
  return undefined;
}

const replacedEntries = selectChanged(change => (change.before === undefined ? undefined : change));

/** Returns the entry that hides a library found before: a whiteout, or another entry on its path. */
function entryHiding({ before }: HostChange, name: string, merge: Merge): Culprit | undefined {
  const lost = [...before.objects, before.loader].find(object => object?.names.has(name));
  if (!lost || !merge.host) return undefined;
  const { path, links } = follow(merge.host.view, lost.path);
  const way = [...links, path ?? lost.path];
  for (const change of replacedEntries(merge))
    if (way.some(place => within(change.path, place)))
      return { path: change.path, extension: change.extension };
  return undefined;
}

function versionKey({ requester, file, version }: Closure['versionProblems'][number]): string {
  return [requester.real, file, version].join('\0');
}

/** Reports symbols only if nothing is missing, because the loader would fail before it binds any. */
function* symbolBreaks(change: HostChange, blame: Blame): Generator<HostBreak> {
  const { before, after } = change;
  if (after.missing.length > 0) return;
  const lacking = undefinedSymbols(after);
  if (lacking.length === 0) return;
  const key = ({ requester, reference }: (typeof lacking)[number]) =>
    [requester.real, reference.name, reference.version].join('\0');
  for (const { requester, reference } of added(undefinedSymbols(before), lacking, key)) {
    const definer = before.objects.find(object => {
      const symbols = symbolsAt(object.view, object.real);
      return symbols && defines(symbols, reference);
    });
    const successor = definer && after.objects.find(object => predecessor(change, object) === definer);
    const version = reference.version === undefined ? '' : `@${reference.version}`;
    yield* blame(requester, { kind: 'symbol', name: `${reference.name}${version}` }, successor);
  }
}

function added<T>(before: readonly T[], after: readonly T[], key: (value: T) => string): T[] {
  const old = new Set(before.map(key));
  return after.filter(value => !old.has(key(value)));
}
