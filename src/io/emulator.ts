import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The qemu of this machine that runs programs of another one, if there is one.
 *
 * @param machine qemu's name of it, such as `aarch64`
 * @returns its path; whether it is static, as it has to be to work in a foreign root, its name does not always say
 */
export function findEmulator(machine: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin'].filter(
    directory => directory !== '',
  );
  return [`qemu-${machine}-static`, `qemu-${machine}`]
    .flatMap(name => directories.map(directory => path.join(directory, name)))
    .find(file => existsSync(file));
}
