import { resolver } from '../resolve/resolve.ts';
import { asProvider, type Extension } from './extension.ts';
import type { Alone, Evidence } from './check.ts';
import type { Host, Merge } from './merge.ts';
import { oncePer } from './once.ts';
import { subjectsOf, takeInventory } from './subject.ts';
import type { Kind, View } from '../view/view.ts';

/**
 * Returns what loaders find in an extension without the files of a host. It is computed once for all hosts that have the same
 * `DEVICES`: the loaders of most self-contained extensions look at no other path of a host.
 */
export function aloneOf(extension: Extension, { view }: Host): Alone {
  const devices = new Map(
    DEVICES.flatMap((path): [string, Kind][] => {
      const kind = view.kind(path);
      const isKnown = path === EMPTY ? view.list(path).size === 0 : kind !== 'link';
      return kind !== undefined && isKnown ? [[path, kind]] : [];
    }),
  );
  const known = aloneByDevices(extension);
  const key = JSON.stringify([...devices]);
  const alone = known.get(key) ?? resolveAlone(extension, devices);
  known.set(key, alone);
  return alone;
}

/** Sealed loaders search these paths, below which nothing can be; a root may lack the devices. */
const DEVICES = ['/dev', '/dev/null', '/dev/tty', '/sys'];
/** A directory that is empty in a root that is not running. */
const EMPTY = '/sys';

const aloneByDevices = oncePer((_extension: Extension) => new Map<string, Alone>());

function resolveAlone(extension: Extension, devices: ReadonlyMap<string, Kind>): Alone {
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

/** Whether the subjects of an extension over a host are those of the extension alone. */
export function hasSameSubjects({ asked, ofSubjects }: Alone, host: Host): boolean {
  return lacksAll(host, asked, ofSubjects);
}

/**
 * Returns a function that computes something once for an extension alone, and gives this result for each host that cannot
 * change it. It gives `undefined` for other hosts, and if several extensions are merged.
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

/** Whether a host has none of the paths at the beginning of a list. @param number how many */
function lacksAll({ view }: Host, paths: readonly string[], number: number): boolean {
  for (let at = 0; at < number; at++) if (view.kind(paths[at]!) !== undefined) return false;
  return true;
}

/**
 * Returns a view with devices, and records the paths at which a lower layer could add something: those that the view lacks, and
 * the directories that are listed. Everything else is the same in a merge, since the view is its topmost layer.
 *
 * @param asked receives the paths, each once
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
      // it may be a whiteout, which is no entry in a merge: a path that every host has makes this result unusable
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
