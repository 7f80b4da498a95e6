import { createHmac } from 'node:crypto';
import { FlixError } from '../errors.ts';

/**
 * The values in a DDI that do not depend on its content. They are derived from one UUID, the seed, as systemd-repart
 * does it (src/repart/repart.c, derive_uuid and the salt of the verity partition, 257), so that every tool makes the
 * same image.
 */
export interface DerivedValues {
  readonly diskUuid: string;
  /** In the superblock of the hash tree. */
  readonly verityUuid: string;
  /** Hexadecimal, 32 bytes. */
  readonly veritySalt: string;
}

export function derive(seed: string): DerivedValues {
  return {
    diskUuid: uuidFrom(hmac(seed, 'disk-uuid')),
    verityUuid: uuidFrom(hmac(seed, 'verity-uuid')),
    veritySalt: hmac(seed, 'verity-salt').toString('hex'),
  };
}

/** Derives the UUID of a partition, from its type, if it need not be a half of the root hash. */
export function partitionUuid(seed: string, type: string): string {
  return uuidFrom(hmac(seed, bytesOf(type)));
}

/** Formats hexadecimal digits as a UUID; digits after the 32nd are ignored. */
export function formatUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** Reads a UUID with or without hyphens. Throws `FlixError` `bad-seed`. */
export function parseSeed(text: string): string {
  const digits = text.toLowerCase().replaceAll('-', '');
  if (/^[0-9a-f]{32}$/.test(digits)) return formatUuid(digits);
  throw new FlixError('input', 'bad-seed', `--seed ${text} is not a UUID`, 'uuidgen prints a new one.');
}

function hmac(seed: string, token: string | Buffer): Buffer {
  return createHmac('sha256', bytesOf(seed)).update(token).digest();
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The first half of a digest as a UUID of version 4. */
function uuidFrom(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return formatUuid(bytes.toString('hex'));
}
