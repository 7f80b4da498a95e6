import type { View } from '../view/view.ts';
import { mergeOption } from './merge-service.ts';
import { createHash, X509Certificate } from 'node:crypto';
import { follow } from '../view/follow.ts';
import { readBytes } from '../view/text.ts';

/** What may be there of a partition, by its designator (systemd.image-policy(7)). */
export type ImagePolicy = ReadonlyMap<string, readonly string[]>;

/** The policy with which the service of a host that merges is started; `undefined`: none, and then anything is merged. */
export function imagePolicyOf(
  host: View,
  service: string,
): { readonly text: string; readonly policy: ImagePolicy } | undefined {
  const text = mergeOption(host, service, '--image-policy');
  return text === undefined ? undefined : { text, policy: parsePolicy(text) };
}

function parsePolicy(text: string): ImagePolicy {
  return new Map(
    text.split(':').flatMap((part): [string, string[]][] => {
      const equals = part.indexOf('=');
      return equals < 0 ? [] : [[part.slice(0, equals), part.slice(equals + 1).split('+')]];
    }),
  );
}

/** Measured with 257: what is better protected passes for less, and never the other way round. */
const SUFFICES = {
  unprotected: ['unprotected'],
  verity: ['unprotected', 'verity'],
  signed: ['unprotected', 'verity', 'signed'],
} as const;

/** The partition that a policy does not let in; `undefined`: the image passes. */
export function refusedBy(
  policy: ImagePolicy,
  { protection, partitions }: ImageFacts,
): 'root' | 'usr' | undefined {
  return partitions.find(designator => {
    const allowed = policy.get(designator) ?? policy.get('');
    if (!allowed || allowed.includes('open')) return false;
    return !SUFFICES[protection].some(flag => allowed.includes(flag));
  });
}

/** What an image says of itself besides its files; a directory says nothing of it. */
export interface ImageFacts {
  /** As it was named. */
  readonly path: string;
  /** What makes sure of its content: nothing, a hash tree, or one whose root hash is signed. */
  readonly protection: 'unprotected' | 'verity' | 'signed';
  /** The root hash is given apart, in `NAME.roothash` beside the image. */
  readonly hasRootHash: boolean;
  /** SHA-256 of the certificate that signed it, hexadecimal. */
  readonly signer: string | undefined;
  /** Where systemd mounts its file systems. */
  readonly partitions: readonly ('root' | 'usr')[];
  /** Its files bear SELinux labels. */
  readonly labelled: boolean;
}

/** Where systemd looks for certificates of signers (systemd-dissect(1)). */
const PLACES = ['/etc/verity.d', '/usr/local/lib/verity.d', '/usr/lib/verity.d'];

/** SHA-256 of each certificate that a host trusts for images, hexadecimal. */
export function trustedKeys(host: View): Set<string> {
  const keys = new Set<string>();
  for (const place of PLACES) {
    const real = follow(host, place).path;
    for (const name of real === undefined ? [] : host.list(real).keys()) {
      const content = name.endsWith('.crt') ? readBytes(host, `${real}/${name}`) : undefined;
      const certificate = content && parse(Buffer.from(content));
      if (certificate) keys.add(createHash('sha256').update(certificate.raw).digest('hex'));
    }
  }
  return keys;
}

function parse(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content);
  } catch {
    return undefined;
  }
}
