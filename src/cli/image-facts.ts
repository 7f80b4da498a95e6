import path from 'node:path';
import type { ImageFacts } from '../systemd/image-policy.ts';
import type { EntryTable } from '../image/entry-table.ts';
import { Faults } from '../image/fault.ts';
import { companion, type Image, type Volume, volumesOf } from '../image/image.ts';
import { featuresOf } from '../image/features.ts';
import { partOf } from '../image/range.ts';
import { hasLabels } from '../image/image-view.ts';
import { checkSignature } from '../image/signature.ts';
import { readOptionalBytes } from '../io/read-text.ts';

/** Collects what the audit needs to know of an image apart from its files. @param name the name of the extension */
export function imageFacts(image: Image, name: string, entries: EntryTable): ImageFacts {
  const isBeside = (suffix: string) =>
    readOptionalBytes(path.join(path.dirname(image.realPath), `${name}.${suffix}`)) !== undefined;
  const volumes = volumesOf(image);
  const inside = volumes.map(volume => protectionIn(image, volume));
  const isSigned = inside.every(({ signature }) => signature) || isBeside('roothash.p7s');
  const hasTree = inside.every(({ tree }) => tree) || isBeside('verity');
  return {
    path: image.path,
    protection: hasTree ? (isSigned ? 'signed' : 'verity') : 'unprotected',
    hasRootHash: isBeside('roothash'),
    signer: inside.find(({ signer }) => signer !== undefined)?.signer,
    partitions: volumes.map(({ at }) => (at === '/' ? 'root' : 'usr')),
    labelled: volumes.some(volume => hasLabels(image, volume, entries)),
    refusal: image.dissection?.refusal,
    sectorSize: image.gpt?.sectorSize,
    features: volumes.flatMap(({ type, offset, size }) =>
      featuresOf(partOf(image.reader, { offset, length: size }), type),
    ),
  };
}

interface Protection {
  readonly tree: boolean;
  readonly signature: boolean;
  readonly signer: string | undefined;
}

function protectionIn({ gpt, reader }: Image, { partition }: Volume): Protection {
  if (!gpt || !partition) return { tree: false, signature: false, signer: undefined };
  const signature = companion(gpt, partition, 'verity-sig');
  const read = signature && checkSignature(reader, signature, new Faults());
  return {
    tree: companion(gpt, partition, 'verity') !== undefined,
    signature: read !== undefined,
    signer: read?.certificateFingerprint,
  };
}
