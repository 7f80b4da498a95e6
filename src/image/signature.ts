import { createHash } from 'node:crypto';
import type { Reader } from '../elf/reader.ts';
import type { Faults } from './fault.ts';
import { notZero, type Range } from './range.ts';
import { type GptPartition, partitionName } from './gpt.ts';
import { readSignature } from './pkcs7.ts';

/** The contents of a signature partition (UAPI.2, verity signature partitions). */
export interface ImageSignature {
  readonly rootHash: string;
  /** SHA-256 of the certificate's DER form, hexadecimal. */
  readonly certificateFingerprint: string;
  /** PKCS#7, DER. */
  readonly signature: Buffer;
  /** The certificate in the signature, DER; `undefined` if the signature has an unknown form. */
  readonly certificate: Buffer | undefined;
  /** Range of the JSON text in the image. */
  readonly at: Range;
}

/** systemd reads no more (src/shared/dissect-image.c, dissected_image_load_verity_sig_partition). */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads the signature partition and records its own faults: its form, the fingerprint, and whether the certificate in it
 * signs the root hash in it. Does not decide whether the certificate is trusted.
 */
export function checkSignature(
  reader: Reader,
  partition: GptPartition,
  faults: Faults,
): ImageSignature | undefined {
  const part = partitionName(partition);
  const bytes = Buffer.from(reader.read(partition.offset, Math.min(partition.size, MAX_BYTES)));
  const length = bytes.includes(0) ? bytes.indexOf(0) : bytes.length;
  const at = { offset: partition.offset, length };
  const end = at.offset + length;
  const rest = notZero(reader, { offset: end, length: partition.size - length });
  if (rest) {
    // from the zero byte that ends the text, because it may be the changed one
    const after = { offset: end, length: rest.offset + rest.length - end };
    faults.add({ code: 'not-zero', part, message: 'contains data after the signature', at: after });
  }
  const text = bytes.toString('latin1', 0, length);
  const fields = parse(text);
  if (!fields) {
    const message = 'contains no JSON object with rootHash, certificateFingerprint and signature';
    const withEnd = { ...at, length: Math.min(length + 1, bytes.length) }; // the text may end too early
    faults.add({ code: 'signature-form', part, message, at: withEnd });
    return undefined;
  }
  const whereIs = (value: string) => {
    const index = text.indexOf(value);
    return index < 0 ? at : { offset: at.offset + index, length: value.length };
  };
  const signature = Buffer.from(fields.signature, 'base64');
  if (signature.toString('base64') !== fields.signature)
    faults.add({
      code: 'signature-form',
      part,
      message: 'the signature is not valid base64',
      at: whereIs(fields.signature),
    });
  const parsed = readSignature(signature);
  if (!parsed || !parsed.signs(Buffer.from(fields.rootHash)))
    faults.add({
      code: 'signature',
      part,
      message: parsed
        ? `the signature does not match the root hash ${fields.rootHash} and the certificate in it`
        : 'the signature is not PKCS#7 in the form that systemd-repart and openssl smime write for an image',
      at: whereIs(fields.signature),
    });
  const { certificateFingerprint } = fields;
  if (parsed && fingerprint(parsed.certificate) !== certificateFingerprint) {
    const message = 'the fingerprint does not match the certificate in the signature';
    faults.add({ code: 'signature-fingerprint', part, message, at });
  }
  return { ...fields, signature, certificate: parsed?.certificate, at };
}

export function fingerprint(certificate: Buffer): string {
  return createHash('sha256').update(certificate).digest('hex');
}

interface Fields {
  readonly rootHash: string;
  readonly certificateFingerprint: string;
  readonly signature: string;
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (['rootHash', 'certificateFingerprint', 'signature'] as const).every(
    name => typeof fields[name] === 'string',
  );
}
