import type { Demand } from '../resolve/reasons.ts';
import { type EdgeDocument, providerDocument, type ProviderDocument } from './json-closure.ts';
import { objectSize } from './origin.ts';
import type { Answer } from './why.ts';

const WHY_SCHEMA = 'flix.why/1';

interface SizedDocument extends ProviderDocument {
  /** In bytes. */
  readonly size: number;
}

interface DemandDocument {
  /** The path as the loader prints it. */
  readonly requester: string;
  /** The number of entries that load this requester. */
  readonly entries: number;
  /** One of the shortest chains that lead to it. */
  readonly chain: {
    readonly entry: string;
    readonly steps: readonly (ProviderDocument & Omit<EdgeDocument, 'to'>)[];
  };
}

/** The document of `flix why --json`. */
export function whyDocument({ library, entries, reasons, missing }: Answer, withSize: boolean) {
  return {
    schema: WHY_SCHEMA,
    asked: library,
    entries,
    objects: reasons.map(({ object, entries: loading, demands, exclusive }) => ({
      ...sized(object),
      entries: loading.map(({ path }) => path),
      requesters: demands.map(demandDocument),
      ...(withSize && {
        exclusive: {
          size: exclusive.reduce((sum, each) => sum + objectSize(each), 0),
          objects: exclusive.map(sized),
        },
      }),
    })),
    missing: missing.map(({ missing: { name, tag, searched }, demand }) => ({
      name,
      tag,
      ...demandDocument(demand),
      searched,
    })),
  };
}

function sized(object: Demand['requester']): SizedDocument {
  return { ...providerDocument(object), size: objectSize(object) };
}

function demandDocument({ entry, requester, steps, entries }: Demand): DemandDocument {
  return {
    requester: requester.path,
    entries,
    chain: {
      entry: entry.path,
      steps: steps.map(({ edge: { tag, name, origin }, object }) => ({
        tag,
        name,
        origin: origin ?? null,
        ...providerDocument(object),
      })),
    },
  };
}
