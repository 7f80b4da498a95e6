import { createHash, X509Certificate } from 'node:crypto';
import { follow } from '../view/follow.ts';
import { readBytes, readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { configurationFiles } from './configuration-files.ts';
import type { ExtensionRules, ExtensionType } from './extension-type.ts';
import { mergeOption } from './merge-service.ts';
import { systemdSince, systemdVersion } from './systemd-version.ts';
import { parseSettings, valuesOf } from './unit-files.ts';

/** The protections that a policy accepts, by partition designator; the empty designator is the default (systemd.image-policy(7)). */
export type ImagePolicy = ReadonlyMap<string, readonly string[]>;

/**
 * The image policy by which a host merges extensions of a type: the option of the service that merges or, from systemd
 * 259 on, ImagePolicy= of its configuration files. `undefined`: none, so every image is merged.
 */
export function imagePolicyOf(
  host: View,
  { service, type }: Pick<ExtensionRules, 'service' | 'type'>,
): { readonly text: string; readonly policy: ImagePolicy } | undefined {
  const text = mergeOption(host, service, '--image-policy') ?? configuredPolicy(host, type);
  return text === undefined ? undefined : { text, policy: parsePolicy(text) };
}

const SECTIONS: { readonly [T in ExtensionType]: string } = { sysext: 'SysExt', confext: 'ConfExt' };

/** The last ImagePolicy= in sysext.conf or confext.conf; systemd skips values that it cannot parse (sysext.conf(5)). */
function configuredPolicy(host: View, type: ExtensionType): string | undefined {
  const version = systemdVersion(host);
  if (version !== undefined && version < systemdSince.extensionConfig) return undefined;
  const settings = configurationFiles(host, `${type}.conf`)
    .flatMap(file => parseSettings(readText(host, file) ?? ''))
    .filter(({ value }) => value === '' || isPolicy(value));
  return valuesOf({ settings }, SECTIONS[type], 'ImagePolicy').at(-1);
}

const FLAGS =
  /^(?:unprotected|verity|signed|encrypted|encryptedwithintegrity|unused|absent|open|ignore|(?:read-only|growfs)-(?:on|off)|)$/;
const DESIGNATORS = /^(?:(?:root|usr)(?:-verity(?:-sig)?)?|home|srv|esp|xbootldr|swap|tmp|var|)$/;

/** Whether systemd can parse a policy (src/shared/image-policy.c, image_policy_from_string). */
function isPolicy(text: string): boolean {
  if (/^[*~-]$/.test(text)) return true;
  const parts = text.split(':').map(part => part.split('='));
  const designators = parts.map(([designator]) => designator!.trim());
  return (
    new Set(designators).size === parts.length &&
    designators.every(designator => DESIGNATORS.test(designator)) &&
    parts.every(({ length }) => length === 2) &&
    parts.every(([, flags]) => flags!.split('+').every(flag => FLAGS.test(flag.trim())))
  );
}

/** A policy that is one character: open, ignored or absent for every partition. */
const SPECIAL: Readonly<Record<string, string>> = { '*': '=open', '-': '=ignore', '~': '=absent' };

function parsePolicy(text: string): ImagePolicy {
  return new Map(
    (SPECIAL[text] ?? text).split(':').flatMap((part): [string, string[]][] => {
      const [designator, flags] = part.split('=');
      return flags === undefined ? [] : [[designator!.trim(), flags.split('+').map(flag => flag.trim())]];
    }),
  );
}

/** The protections that each kind of image satisfies: stronger ones satisfy weaker ones (measured with systemd 257). */
const SATISFIES = {
  unprotected: ['unprotected', 'open'],
  verity: ['unprotected', 'verity', 'open'],
  signed: ['unprotected', 'verity', 'signed', 'open'],
} as const;

/**
 * The partition for which a policy refuses an image; `undefined`: the image is accepted. A partition that the policy
 * does not mention is ignored; an image of which nothing else is left is refused (measured with systemd 257).
 */
export function refusedBy(
  policy: ImagePolicy,
  { protection, partitions }: ImageFacts,
): 'root' | 'usr' | undefined {
  const use = (designator: string) => {
    const allowed = policy.get(designator) ?? policy.get('') ?? ['ignore'];
    // settings about the flags of a partition alone allow every protection
    if (allowed.every(flag => /^(?:read-only|growfs)-|^$/.test(flag))) return 'mounted';
    if (SATISFIES[protection].some(flag => allowed.includes(flag))) return 'mounted';
    return allowed.some(flag => ['unused', 'ignore'].includes(flag)) ? 'ignored' : 'refused';
  };
  const refused = partitions.find(designator => use(designator) === 'refused');
  return (
    refused ?? (partitions.some(designator => use(designator) === 'mounted') ? undefined : partitions[0])
  );
}

export interface ImageRefusal {
  /** A clause: `it has no root or usr partition`. */
  readonly why: string;
  /** The first systemd that refuses it; absent: every one. */
  readonly since?: number;
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
  /** Why systemd refuses to mount its partitions; absent if it does not. */
  readonly refusal?: ImageRefusal | undefined;
  /** Of its partition table, in bytes; absent if it has none. */
  readonly sectorSize?: number | undefined;
  /** Features of its file systems that not every Linux mounts; `linux` is the first that does, `undefined` if none does. */
  readonly features?: readonly { readonly what: string; readonly linux: string | undefined }[];
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
