import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { defines, undefinedSymbols } from '../resolve/symbol-check.ts';
import { symbolsAt } from '../view/symbols.ts';
import { fromExtensions, type HostChange, hostChanges, predecessor } from './host-change.ts';
import type { Merge } from './merge.ts';

/** Why a file of the host, which loaded before, fails once the extensions are merged. */
export interface HostBreak {
  readonly change: HostChange;
  /** The extension's object that is to blame. */
  readonly culprit: LoadedObject;
  /** Whose need is not met; the culprit itself, or an object of the host. */
  readonly requester: LoadedObject;
  readonly problem:
    | { readonly kind: 'library'; readonly name: string }
    | { readonly kind: 'version'; readonly name: string; readonly file: string }
    | { readonly kind: 'symbol'; readonly name: string }
    | { readonly kind: 'fatal'; readonly name: string; readonly reason: string };
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
  const foreign = fromExtensions(change, merge);
  const blame = (requester: LoadedObject, object?: LoadedObject): LoadedObject | undefined =>
    [object, requester].find(candidate => candidate && foreign.includes(candidate)) ?? foreign[0];
  const found = (
    requester: LoadedObject,
    object: LoadedObject | undefined,
    problem: HostBreak['problem'],
  ): HostBreak[] => {
    const culprit = blame(requester, object);
    return culprit ? [{ change, culprit, requester, problem }] : [];
  };
  if (after.fatal) {
    const { path, reason, requester = after.entry } = after.fatal;
    if (!before.fatal) yield* found(requester, undefined, { kind: 'fatal', name: path, reason });
    return;
  }
  for (const { name, requester } of news(before.missing, after.missing, one => one.name))
    yield* found(requester, undefined, { kind: 'library', name });
  const versions = news(before.versionProblems, after.versionProblems, versionKey);
  for (const { requester, provider, version, file } of versions)
    yield* found(requester, provider, { kind: 'version', name: version, file });
  // versions are compared first, and then no symbol is bound
  if (versions.length === 0) yield* symbolBreaks(change, found);
}

function versionKey({ requester, file, version }: Closure['versionProblems'][number]): string {
  return [requester.real, file, version].join('\0');
}

/** What the loader complains of before it comes to symbols makes them meaningless. */
function* symbolBreaks(
  change: HostChange,
  found: (
    requester: LoadedObject,
    object: LoadedObject | undefined,
    problem: HostBreak['problem'],
  ) => HostBreak[],
): Generator<HostBreak> {
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
    yield* found(requester, successor, { kind: 'symbol', name: `${reference.name}${version}` });
  }
}

function news<T>(before: readonly T[], after: readonly T[], key: (value: T) => string): T[] {
  const old = new Set(before.map(key));
  return after.filter(value => !old.has(key(value)));
}
