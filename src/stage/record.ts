import { STAGE_SCHEMA, type StagedFacts, type StageRecord } from '../view/stage-record.ts';
import { modeNeedsRecord } from './content-store.ts';
import type { LeftOut, SourceResult } from './staged.ts';
import { type Facts, type Node, shown, type StagedTree } from './staged-tree.ts';

const CAPABILITY = 'security.capability';
const SET_ID = 0o6000;

/** Returns the record of a tree, which depends on the source alone and not on the user who stages it, and what is left out. */
export function recordOf(
  tree: StagedTree,
  { source, digest, packages }: SourceResult,
): { readonly record: StageRecord; readonly leftOut: LeftOut } {
  const facts: [string, StagedFacts][] = [];
  const special: string[] = [];
  const setId: string[] = [];
  const capabilities: string[] = [];
  for (const { path, node } of nodesOf(tree.root, '')) {
    if (node.kind === 'special') {
      special.push(path);
      continue;
    }
    if (node.kind === 'file' && (node.facts.mode & SET_ID) !== 0) setId.push(path);
    if (node.facts.attributes.has(CAPABILITY)) capabilities.push(path);
    const lost = lostFacts(node.kind, node.facts);
    // a name that is not UTF-8 cannot be looked up
    if (lost && !path.includes('\uFFFD')) facts.push([path || '/', lost]);
  }
  return {
    record: {
      schema: STAGE_SCHEMA,
      source,
      digest,
      ...(packages && { packages }),
      facts: Object.fromEntries(facts),
    },
    leftOut: { special, setId, capabilities },
  };
}

function lostFacts(kind: Node['kind'], { mode, uid, gid, attributes }: Facts): StagedFacts | undefined {
  const capability = attributes.get(CAPABILITY);
  const facts = {
    ...(kind !== 'link' && modeNeedsRecord(mode, kind === 'directory') && { mode: mode.toString(8) }),
    ...(uid !== 0 && { uid }),
    ...(gid !== 0 && { gid }),
    ...(capability && { capability: capability.toString('hex') }),
  };
  return Object.keys(facts).length > 0 ? facts : undefined;
}

function* nodesOf(node: Node, path: string): Generator<{ readonly path: string; readonly node: Node }> {
  yield { path, node };
  if (node.kind !== 'directory') return;
  const entries = [...node.entries].map(([name, entry]) => [shown(name), entry] as const);
  for (const [name, entry] of entries.sort(([a], [b]) => (a < b ? -1 : 1)))
    yield* nodesOf(entry, `${path}/${name}`);
}
