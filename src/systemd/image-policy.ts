import type { View } from '../view/view.ts';
import { mergeOption } from './merge-service.ts';
import { createHash, X509Certificate } from 'node:crypto';
import { follow } from '../view/follow.ts';
import { readBytes } from '../view/text.ts';

/** The protections that a policy accepts, by partition designator; the empty designator is the default (systemd.image-policy(7)). */
export type ImagePolicy = ReadonlyMap<string, readonly string[]>;

/** The image policy of the service that merges on a host; `undefined`: none, so every image is merged. */
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

/** The protections that each kind of image satisfies: stronger ones satisfy weaker ones (measured with systemd 257). */
const SATISFIES = {
  unprotected: ['unprotected'],
  verity: ['unprotected', 'verity'],
  signed: ['unprotected', 'verity', 'signed'],
} as const;

/** The partition for which a policy refuses an image; `undefined`: the image is accepted. */
export function refusedBy(
  policy: ImagePolicy,
  { protection, partitions }: ImageFacts,
): 'root' | 'usr' | undefined {
  return partitions.find(designator => {
    const allowed = policy.get(designator) ?? policy.get('');
    if (!allowed || allowed.includes('open')) return false;
    return !SATISFIES[protection].some(flag => allowed.includes(flag));
  });
}

/** Properties of an image file that a directory does not have. */
export interface ImageFacts {
  /** As given on the command line. */
  readonly path: string;
  /** What protects its contents: nothing, a hash tree, or a hash tree whose root hash is signed. */
  readonly protection: 'unprotected' | 'verity' | 'signed';
  /** The root hash is in `NAME.roothash` beside the image. */
  readonly hasRootHash: boolean;
  /** SHA-256 of the signer's certificate, hexadecimal. */
  readonly signer: string | undefined;
  /** The designators of its data partitions. */
  readonly partitions: readonly ('root' | 'usr')[];
  /** Its files have SELinux labels. */
  readonly labelled: boolean;
}

/** Where systemd looks for the certificates of trusted signers (systemd-dissect(1)). */
const PLACES = ['/etc/verity.d', '/usr/local/lib/verity.d', '/usr/lib/verity.d'];

/** SHA-256 of each certificate that a host trusts to sign images, hexadecimal. */
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
