import fs from 'node:fs/promises';
import path from 'node:path';
import { publishFile, temporaryBeside } from '../../io/publish.ts';
import { requireTool } from '../../io/probe.ts';
import { run } from '../../io/spawn.ts';

/** The public half of the key, for hosts: they take it as their key ring. */
export const KEY_RING_FILE = 'import-pubring.gpg';

/**
 * Signs the SHA256SUMS of a feed, as systemd-sysupdate wants it (`Verify=yes`): a detached signature in SHA256SUMS.gpg. For the one
 * who holds SHA256SUMS. Throws `FlixError`: `missing-tool`, `tool-failed`.
 *
 * @param key what gpg calls it: a fingerprint, an address
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
