import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { whyMissing } from './requires.ts';
import { writeElf } from './elf-writer.ts';

/** The directory of decoys inside the host. */
const DECOYS = '/decoy';
/** The file that a decoy creates when it runs, as a path inside the host. */
export const MARKER = '/data/decoy-was-loaded';

/** Where an unsealed loader searches: default directories, a directory that only the cache names, LD_LIBRARY_PATH. */
const DIRECTORIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib', `${DECOYS}/cached`, `${DECOYS}/lib`];

/** The environment that an attacker would set, or that a careless host may have. */
export const hostileEnvironment = {
  LD_LIBRARY_PATH: `${DECOYS}/lib`,
  LD_PRELOAD: `${DECOYS}/lib/preload.so`,
  LD_AUDIT: `${DECOYS}/lib/audit.so`,
} as const;

const NSS = 'files flixdecoy dns';

const files: Readonly<Record<string, string>> = {
  '/etc/ld.so.conf': `${DECOYS}/cached\n`,
  '/etc/ld.so.preload': `${DECOYS}/lib/preload.so\n`,
  '/etc/ld-musl-x86_64.path': `${DECOYS}/cached\n`,
  // the decoy comes first, and dns last for names that no file contains
  '/etc/nsswitch.conf': ['passwd', 'group', 'hosts', 'services']
    .map(name => `${name}: flixdecoy ${NSS}\n`)
    .join(''),
  '/etc/passwd': 'root:x:0:0:root:/data:/bin/sh\nwww-data:x:33:33:www-data:/data:/bin/sh\n',
  '/etc/group': 'root:x:0:\nwww-data:x:33:\n',
  '/etc/hosts': '127.0.0.1 localhost\n',
};

/**
 * Fills a directory, which will be laid over a host, with decoys of these sonames and with a hostile /etc.
 *
 * @param sonames may be those of modules, with their directory, such as `sasl2/libplain.so`
 */
export function addDecoys(layer: string, sonames: readonly string[]): void {
  const decoy = path.join(layer, 'decoy.so');
  compile(decoy);
  for (const directory of DIRECTORIES) {
    fs.mkdirSync(layer + directory, { recursive: true });
    for (const name of [...sonames, 'libnss_flixdecoy.so.2', 'preload.so', 'audit.so']) {
      fs.mkdirSync(path.dirname(path.join(layer + directory, name)), { recursive: true });
      fs.linkSync(decoy, path.join(layer + directory, name));
    }
  }
  fs.rmSync(decoy);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(layer + name), { recursive: true });
    fs.writeFileSync(layer + name, text);
  }
}

/** Needs no libc, so that any loader can run its constructor. Without a compiler, a test sees only that a decoy was opened. */
const SOURCE = `
static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
__attribute__((constructor)) static void loaded(void) { call(2, (long)"${MARKER}", 0101, 0644); }
unsigned la_version(unsigned version) { loaded(); return version; }
`;

function compile(target: string): void {
  if (whyMissing('tool:gcc') === undefined)
    execaSync('gcc', ['-shared', '-fPIC', '-nostdlib', '-O1', '-x', 'c', '-', '-o', target], {
      input: SOURCE,
    });
  else fs.writeFileSync(target, writeElf({}));
  fs.chmodSync(target, 0o755);
}
