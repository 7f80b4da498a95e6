import fs from 'node:fs/promises';
import path from 'node:path';
import { publishFile, temporaryBeside } from '../../io/publish.ts';
import { requireTool } from '../../io/probe.ts';
import { run } from '../../io/spawn.ts';

/** The file with the public key, which hosts install as their key ring. */
export const KEY_RING_FILE = 'import-pubring.gpg';

/**
 * Signs the SHA256SUMS of a feed with a detached signature in SHA256SUMS.gpg, as systemd-sysupdate expects it with
 * `Verify=yes`. The caller holds the lock of the feed. Throws `FlixError`: `missing-tool`, `tool-failed`.
 *
 * @param key as gpg names it: a fingerprint or an address
 */
export async function signSums(directory: string, key: string): Promise<void> {
  await requireTool('gpg');
  const sums = path.join(directory, 'SHA256SUMS');
  const options = ['--batch', '--yes', '--no-armor', '--local-user', key];
  await write(`${sums}.gpg`, file => gpg([...options, '--output', file, '--detach-sign', sums]));
  await write(path.join(directory, KEY_RING_FILE), file =>
    gpg(['--batch', '--yes', '--no-armor', '--output', file, '--export', key]),
  );
}

async function gpg(arguments_: readonly string[]): Promise<void> {
  const { GNUPGHOME } = process.env;
  await run('gpg', arguments_, GNUPGHOME === undefined ? {} : { env: { GNUPGHOME } });
}

async function write(target: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = await temporaryBeside(target, 'file');
  await make(temporary);
  await fs.chmod(temporary, 0o644);
  await publishFile(temporary, target);
}
