import { resolver } from '../resolve/resolve.ts';
import { asProvider, type Extension } from './extension.ts';
import type { Alone, Evidence } from './check.ts';
import type { Host, Merge } from './merge.ts';
import { oncePer } from './once.ts';
import { subjectsOf, takeInventory } from './subject.ts';
import type { Kind, View } from '../view/view.ts';

/**
 * Returns what loaders find in an extension without the files of a host, which is computed once for all hosts. Most
 * self-contained extensions look at no path that a host has, but for `DEVICES`.
 */
export function aloneOf(extension: Extension, { view }: Host): Alone {
  const devices = new Map(
    DEVICES.flatMap((path): [string, Kind][] => {
      const kind = view.kind(path);
      const isKnown = path === EMPTY ? view.list(path).size === 0 : kind !== 'link';
      return kind !== undefined && isKnown ? [[path, kind]] : [];
    }),
  );
  const known = aloneWith(extension);
  const key = JSON.stringify([...devices]);
  const alone = known.get(key) ?? without(extension, devices);
  known.set(key, alone);
  return alone;
}

/** Paths to which sealed loaders are pointed, because nothing can be below them; a root may lack the devices. */
const DEVICES = ['/dev', '/dev/null', '/dev/tty', '/sys'];
/** In a root that is not running. */
const EMPTY = '/sys';

const aloneWith = oncePer((_extension: Extension) => new Map<string, Alone>());

function without(extension: Extension, devices: ReadonlyMap<string, Kind>): Alone {
  const asked: string[] = [];
  const view = recording(extension.view, devices, asked);
  const merge: Merge = {
    extensions: [extension],
    stack: [extension],
    sole: extension,
    host: undefined,
    view,
    resolve: resolver([view]),
    providerOf: path => asProvider(merge.extensionOf(path)),
    extensionOf: path => (view.source(path).view === extension.layer ? extension : undefined),
  };
  const inventory = takeInventory(extension, merge);
  const subjects = subjectsOf(inventory, merge);
  const evidence: Evidence = { merge, inventories: [inventory], subjects, level: undefined };
  return { evidence, asked, ofSubjects: asked.length };
}

/** Whether a host changes nothing of the subjects of an extension. */
export function hasSameSubjects({ asked, ofSubjects }: Alone, host: Host): boolean {
  return lacksAll(host, asked, ofSubjects);
}

/**
 * Makes a function that finds something once for an extension alone, and returns that for each host that changes nothing
 * of it; `undefined` for other hosts, and if several extensions are merged.
 */
export function foundAlone<T>(find: (alone: Evidence) => T): (evidence: Evidence) => T | undefined {
  const findOnce = oncePer(({ evidence, asked }: Alone) => {
    const found = find(evidence);
    return { found, number: asked.length };
  });
  return ({ alone, merge: { host } }) => {
    if (!alone || !host) return undefined;
    const { found, number } = findOnce(alone);
    return lacksAll(host, alone.asked, number) ? found : undefined;
  };
}

/** Whether a host has none of the first so many paths. */
function lacksAll({ view }: Host, paths: readonly string[], number: number): boolean {
  for (let at = 0; at < number; at++) if (view.kind(paths[at]!) !== undefined) return false;
  return true;
}

/**
 * Shows a view with devices and records the paths about which another layer below it could say more: those that it lacks,
 * and the directories that it lists. Everything else is the same in a merge, of which the view is the topmost layer.
 */
function recording(view: View, devices: ReadonlyMap<string, Kind>, asked: string[]): View {
  const known = new Set<string>();
  const ask = (path: string) => {
    if (known.has(path)) return;
    known.add(path);
    asked.push(path);
  };
  return {
    label: view.label,
    versions: view.versions,
    list: directory => {
      if (directory !== EMPTY || !devices.has(EMPTY)) ask(directory);
      return view.list(directory);
    },
    kind: path => {
      const kind = view.kind(path);
      // a whiteout is an entry here, but not in a merge
      if (kind === 'other') ask('/');
      if (kind !== undefined) return kind;
      if (!devices.has(path)) ask(path);
      return devices.get(path);
    },
    readlink: path => view.readlink(path),
    stat: path => view.stat(path),
    isMountPoint: directory => view.isMountPoint(directory),
    open: (path, kind) => view.open(path, kind),
    source: path => view.source(path),
  };
}
