import { resolver } from '../resolve/resolve.ts';
import { mergedHierarchies } from '../systemd/extension-type.ts';
import { follow } from '../view/follow.ts';
import { layeredView } from '../view/layers.ts';
import { mountedView, type Shown } from '../view/mounted.ts';
import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Evidence } from './check.ts';
import type { Finding, FindingKind } from './checks.ts';
import { asProvider, type Extension } from './extension.ts';
import type { Host, Merge } from './merge.ts';
import { subjectsOf, takeInventory } from './subject.ts';
import type { WrappedTree } from './wrapped.ts';

/** What is known about the wrapped programs of an extension, as they see the file system. */
export interface Inside {
  readonly evidence: Evidence;
  /** Returns a finding inside the view as one about the tree; `undefined` if its kind means nothing there. */
  readonly asOfTree: (finding: Finding) => Finding | undefined;
}

const BRING =
  'Make the tree again from a root that has it, with “flix vendor ROOT --mode flatwrap --include PATH”.';
const PLUGIN = `${BRING} Or leave the plugin out with --exclude PATH, if nobody needs it.`;
const CACHE = 'Run “ldconfig -r ROOT” on the root, and make the tree again from it.';
const SAME =
  'Make the tree again with “flix vendor ROOT --mode flatwrap”, which takes everything from one root.';
const DROP = 'Make the tree again with “flix vendor ROOT --mode flatwrap”: its wrappers drop the variables.';

/** The kinds that are looked for inside, and what to do about them there; `undefined`: what their checks say. */
const FIXES: Readonly<Partial<Record<FindingKind, string | undefined>>> = {
  'missing/architecture': undefined,
  'missing/interpreter': BRING,
  'missing/library': BRING,
  'missing/opened-library': BRING,
  'missing/unread-ld-conf': CACHE,
  'missing/not-in-cache': CACHE,
  'missing/symbol-version': SAME,
  'missing/version-file': undefined,
  'missing/relr-marker': undefined,
  'missing/symbol': undefined,
  'missing/executable-stack': undefined,
  'missing/cpu-level': undefined,
  'missing/script-interpreter': BRING,
  'broken/unloadable': undefined,
  'leaks/host-library': BRING,
  'leaks/open-variables': DROP,
};

/** Returns what is known inside the view of an extension's wrappers; `undefined` if its programs are not wrapped. */
export function insideOf(extension: Extension, merged: Merge, level: string | undefined): Inside | undefined {
  const { wrapped } = extension;
  if (!wrapped) return undefined;
  const outer = layeredView(
    [mergedHierarchies(extension.tree, extension.rules.hierarchies), merged.view],
    merged.view.label,
  );
  const parts = partsOf(wrapped, outer, merged.host !== undefined);
  const view = mountedView(outer, parts, `the view of ${extension.name}`);
  const isStaged = (path: string) => {
    if (view.kind(path) === undefined) return false;
    const source = view.source(path);
    return source.view === extension.layer && within(wrapped.prefix, source.path);
  };
  // the first generation of wrappers shows /usr/lib at /lib, too
  const isRepeated = (path: string) => {
    const { path: real } = view.source(path);
    const straight = real.slice(wrapped.prefix.length);
    return path !== straight && isStaged(straight) && view.source(straight).path === real;
  };
  const inner: Extension = {
    ...extension,
    view: filtered(view, path => isStaged(path) && !isRepeated(path)),
    wrapped: undefined,
    opaque: new Set(),
    // whatever it says of the host, its programs must find what they need in the view
    claim: 'self-contained',
  };
  const extensionOf = (path: string) => {
    const owner = merged.extensions.find(({ layer }) => layer === view.source(path).view);
    return owner === extension ? inner : owner;
  };
  const merge: Merge = {
    extensions: [inner],
    stack: [inner],
    sole: undefined,
    host: hostInside(
      filtered(view, path => !isStaged(path)),
      merged.host,
    ),
    view,
    resolve: resolver([view]),
    providerOf: path => asProvider(extensionOf(path)),
    extensionOf,
  };
  const inventory = takeInventory(inner, merge);
  const inventories = [inventory];
  return {
    evidence: { merge, inventories, subjects: subjectsOf(inventory, merge), level },
    asOfTree: finding => asOfTree(finding, wrapped, path => (isStaged(path) ? view.source(path).path : path)),
  };
}

/** Returns what the view shows, by real paths. A mount follows the links of its source. */
function partsOf({ shown }: WrappedTree, outer: View, hasHost: boolean): Shown[] {
  const parts = shown.flatMap(({ at, from, ifHostHas }): Shown[] => {
    if (hasHost && ifHostHas !== undefined && follow(outer, ifHostHas).path === undefined) return [];
    const real = follow(outer, from).path;
    return real === undefined ? [] : [{ at, from: real }];
  });
  if (hasHost || !parts.some(({ at, from }) => at === '/' && from === '/')) return parts;
  // an unknown host is taken to be usr-merged
  const usr = parts.findLast(({ at }) => at === '/usr')?.from;
  const links = ['bin', 'sbin', 'lib', 'lib64'].map(name => ({ at: `/${name}`, from: `${usr}/${name}` }));
  return [...parts, ...links.filter(({ at, from }) => outer.kind(at) === undefined && outer.kind(from))];
}

/** Shows the directories of a view, and of everything else what is wanted. */
function filtered(view: View, isWanted: (path: string) => boolean): View {
  const shows = (path: string) => {
    const kind = view.kind(path);
    return kind === 'directory' || (kind !== undefined && isWanted(path));
  };
  return {
    label: view.label,
    versions: view.versions,
    list: directory =>
      new Map(
        [...view.list(directory)].filter(([name]) =>
          shows(directory === '/' ? `/${name}` : `${directory}/${name}`),
        ),
      ),
    kind: path => (shows(path) ? view.kind(path) : undefined),
    readlink: path => view.readlink(path),
    stat: path => view.stat(path),
    isMountPoint: directory => view.isMountPoint(directory),
    open: (path, kind) => view.open(path, kind),
    source: path => view.source(path),
  };
}

/** Without a host, the view shows nothing of one, and what its programs need must be staged all the same. */
function hostInside(view: View, host: Host | undefined): Host {
  return {
    view,
    release: host?.release ?? new Map(),
    architecture: host?.architecture,
    resolve: resolver([view]),
  };
}

function asOfTree(
  finding: Finding,
  { passesVariables }: WrappedTree,
  inTree: (path: string) => string,
): Finding | undefined {
  if (!(finding.kind in FIXES)) return undefined;
  if (finding.kind === 'leaks/open-variables' && !passesVariables) return undefined;
  const real = (path: string) => (path.startsWith('/') ? inTree(path) : path);
  return {
    ...finding,
    subject: real(finding.subject),
    alsoIn: finding.alsoIn.map(real),
    chain: finding.chain.map(link => ({ ...link, path: link.path === null ? null : real(link.path) })),
    culprit: real(finding.culprit),
    message: `in the view of its wrappers, ${finding.message}`,
    fix:
      finding.kind === 'missing/library' && finding.severity === 'warning'
        ? PLUGIN
        : (FIXES[finding.kind] ?? finding.fix),
  };
}
