import { createHmac } from 'node:crypto';
import { FlixError } from '../errors.ts';

/**
 * Everything in a DDI that is neither content nor derived from it comes from one UUID, in the way of systemd-repart
 * (src/repart/repart.c, derive_uuid and the salt of the verity partition, 257), so that either way of making it gives
 * the same image.
 */
export interface Derived {
  readonly diskUuid: string;
  /** In the superblock of the hash tree. */
  readonly verityUuid: string;
  /** Hexadecimal, 32 bytes. */
  readonly veritySalt: string;
}

export function derive(seed: string): Derived {
  return {
    diskUuid: uuidFrom(hmac(seed, 'disk-uuid')),
    verityUuid: uuidFrom(hmac(seed, 'verity-uuid')),
    veritySalt: hmac(seed, 'verity-salt').toString('hex'),
  };
}

/** The UUID of a partition that does not have to be a half of the root hash: from its type. */
export function partitionUuid(seed: string, type: string): string {
  return uuidFrom(hmac(seed, bytesOf(type)));
}

/** Writes 16 bytes, or hexadecimal digits, as a UUID. */
export function formatUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** Throws `FlixError` `bad-seed`. */
export function parseSeed(text: string): string {
  const digits = text.toLowerCase().replaceAll('-', '');
  if (/^[0-9a-f]{32}$/.test(digits)) return formatUuid(digits);
  throw new FlixError('input', 'bad-seed', `--seed ${text} is no UUID`, 'uuidgen makes one');
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
