import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { defines, undefinedSymbols } from '../resolve/symbol-check.ts';
import { follow } from '../view/follow.ts';
import { within } from '../view/path.ts';
import { symbolsAt } from '../view/symbols.ts';
import { changedPaths } from './changed-paths.ts';
import { type HostChange, hostChanges, predecessor } from './host-change.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';

/** Why a file of the host, which loaded before, fails once the extensions are merged. */
export interface HostBreak {
  readonly change: HostChange;
  readonly culprit: Culprit;
  /** Whose need is not met: an object of the host, or of an extension. */
  readonly requester: LoadedObject;
  readonly problem:
    | { readonly kind: 'library'; readonly name: string }
    | { readonly kind: 'version'; readonly name: string; readonly file: string }
    | { readonly kind: 'symbol'; readonly name: string }
    | { readonly kind: 'fatal'; readonly name: string; readonly reason: string };
}

/** The entry of an extension that is to blame: what is loaded now, or what lies over that which was. */
export interface Culprit {
  readonly path: string;
  readonly extension: Extension;
}

const known = new WeakMap<Merge, readonly HostBreak[]>();

/** Every new failure of a host's programs and of its libraries that no such program loads. */
export function hostBreaks(merge: Merge): readonly HostBreak[] {
  let breaks = known.get(merge);
  if (!breaks)
    known.set(merge, (breaks = hostChanges(merge).flatMap(change => Array.from(breaksOf(change, merge)))));
  return breaks;
}

function* breaksOf(change: HostChange, merge: Merge): Generator<HostBreak> {
  const { before, after } = change;
  const found: Found = (requester, problem, ...suspects) => {
    const culprit = loaded([...suspects, requester, ...after.objects, after.loader], merge);
    const blamed = culprit ?? coverOf(change, problem.name, merge);
    return blamed ? [{ change, culprit: blamed, requester, problem }] : [];
  };
  const { fatal, entry, interpreterMissing } = after;
  if (fatal) {
    const { path, reason, requester = entry } = fatal;
    if (!before.fatal) yield* found(requester, { kind: 'fatal', name: path, reason });
    return;
  }
  if (interpreterMissing !== undefined && before.interpreterMissing === undefined) {
    yield* found(entry, { kind: 'library', name: interpreterMissing });
    return;
  }
  for (const { name, requester } of news(before.missing, after.missing, one => one.name))
    yield* found(requester, { kind: 'library', name });
  const versions = news(before.versionProblems, after.versionProblems, versionKey);
  for (const { requester, provider, version, file } of versions)
    yield* found(requester, { kind: 'version', name: version, file }, provider);
  // versions are compared first, and then no symbol is bound
  if (versions.length === 0) yield* symbolBreaks(change, found);
}

type Found = (
  requester: LoadedObject,
  problem: HostBreak['problem'],
  ...suspects: (LoadedObject | undefined)[]
) => HostBreak[];

/** The first that an extension brings. */
function loaded(
  suspects: readonly (Pick<LoadedObject, 'real'> | undefined)[],
  { extensionOf }: Merge,
): Culprit | undefined {
  for (const { real } of suspects.filter(suspect => suspect !== undefined)) {
    const extension = extensionOf(real);
    if (extension) return { path: real, extension };
  }
  return undefined;
}

/** What lies over a library that was found before: a whiteout, or another entry on the way to it. */
function coverOf({ before }: HostChange, name: string, merge: Merge): Culprit | undefined {
  const lost = [...before.objects, before.loader].find(object => object?.names.has(name));
  if (!lost || !merge.host) return undefined;
  const { path, links } = follow(merge.host.view, lost.path);
  const way = [...links, path ?? lost.path];
  for (const change of changedPaths(merge))
    if (change.before !== undefined && way.some(place => within(change.path, place)))
      return { path: change.path, extension: change.extension };
  return undefined;
}

function versionKey({ requester, file, version }: Closure['versionProblems'][number]): string {
  return [requester.real, file, version].join('\0');
}

/** What the loader complains of before it comes to symbols makes them meaningless. */
function* symbolBreaks(change: HostChange, found: Found): Generator<HostBreak> {
  const { before, after } = change;
  if (after.missing.length > 0) return;
  const lacking = undefinedSymbols(after);
  if (lacking.length === 0) return;
  const key = ({ requester, reference }: (typeof lacking)[number]) =>
    [requester.real, reference.name, reference.version].join('\0');
  for (const { requester, reference } of news(undefinedSymbols(before), lacking, key)) {
    const definer = before.objects.find(object => {
      const symbols = symbolsAt(object.view, object.real);
      return symbols && defines(symbols, reference);
    });
    const successor = definer && after.objects.find(object => predecessor(change, object) === definer);
    const version = reference.version === undefined ? '' : `@${reference.version}`;
    yield* found(requester, { kind: 'symbol', name: `${reference.name}${version}` }, successor);
  }
}

function news<T>(before: readonly T[], after: readonly T[], key: (value: T) => string): T[] {
  const old = new Set(before.map(key));
  return after.filter(value => !old.has(key(value)));
}
