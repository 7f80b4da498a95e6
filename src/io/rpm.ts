import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { CONFINEMENT_MESSAGE, NOBODY, runConfined } from './confine.ts';
import { inPrivateDirectory } from './private-directory.ts';
import { requireTool } from './probe.ts';
import { run, type RunResult, toolPath } from './spawn.ts';

/** A file of a database, to be copied. */
export interface DatabaseFile {
  readonly name: string;
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

/** In bytes; the database of a system with every package of Fedora has less. */
const MAX_SIZE = 1024 * 1024 * 1024;
const PIECE = 4 * 1024 * 1024;
const TIMEOUT_S = 60;

/**
 * Asks rpm for all packages of a database that a root brought, which may be hostile. rpm works on a copy, with the
 * configuration of this machine, without privileges, network and the files of the user who runs flix: as nobody, or for
 * ordinary users in the namespaces of bwrap(1), where only `/usr` and the copy exist. Throws `FlixError` `missing-tool`,
 * `no-sandbox`, `unreadable-packages`.
 *
 * @param format what to print for each package (rpm-queryformat(7))
 */
export async function queryRpm(files: readonly DatabaseFile[], format: string): Promise<string> {
  await requireTool('rpm');
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) await requireTool('bwrap');
  if (files.reduce((sum, { size }) => sum + size, 0) > MAX_SIZE) throw unreadable('it is larger than 1 GiB');
  const { stdout, stderr, exitCode } = await inPrivateDirectory(async directory => {
    const copy = path.join(directory, 'rpm');
    await fs.mkdir(copy, { mode: 0o700 });
    for (const file of files) await copyFile(file, path.join(copy, file.name));
    if (!isRoot) return inNamespaces(copy, format);
    // SQLite writes beside a database that it only reads
    for (const at of [copy, ...files.map(({ name }) => path.join(copy, name))])
      await fs.chown(at, NOBODY, NOBODY);
    await fs.chmod(directory, 0o711);
    return runConfined('/', query(copy, format), { ...ENVIRONMENT, PATH: '/usr/bin:/bin' });
  });
  if (CONFINEMENT_MESSAGE.test(stderr) || stderr.startsWith('bwrap: '))
    throw new FlixError(
      'missing',
      'no-sandbox',
      `this machine does not let flix confine rpm, which would read it: ${stderr.trim().split('\n')[0]}`,
      'Run flix as root, or on a machine where users may create user namespaces.',
    );
  const said = stderr
    .trim()
    .split('\n')
    .at(-1)!
    .replace(/ in \/\S*\/rpm$/, '');
  if (exitCode !== 0) throw unreadable(said || `it ends with status ${exitCode}`);
  if (stdout === '')
    throw unreadable(said || 'it finds no package, perhaps because it does not know this format');
  return stdout;
}

/** rpm reads macros from the home directory. */
const ENVIRONMENT = { LC_ALL: 'C', HOME: '/nonexistent' };

function query(copy: string, format: string): string[] {
  return [
    toolPath('rpm')!,
    '--dbpath',
    copy,
    '--nosignature',
    '--nodigest',
    '--query',
    '--all',
    '--queryformat',
    format,
  ];
}

async function copyFile(file: DatabaseFile, to: string): Promise<void> {
  const copy = await fs.open(to, 'wx', 0o600);
  try {
    for (let at = 0; at < file.size; at += PIECE)
      await copy.write(file.read(at, Math.min(PIECE, file.size - at)));
  } finally {
    await copy.close();
  }
}

/** Directories of the machine that rpm and its libraries need. */
const SHOWN = [
  '/usr',
  '/bin',
  '/lib',
  '/lib64',
  '/etc/rpm',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
];

async function inNamespaces(copy: string, format: string): Promise<RunResult> {
  const variables = Object.entries({ ...ENVIRONMENT, PATH: '/usr/bin:/bin' });
  const arguments_ = [
    ...'--unshare-all --die-with-parent --new-session --cap-drop ALL --clearenv'.split(' '),
    ...variables.flatMap(([name, value]) => ['--setenv', name, value]),
    ...SHOWN.flatMap(at => ['--ro-bind-try', at, at]),
    ...'--proc /proc --dev /dev --tmpfs /tmp --chdir /'.split(' '),
    '--bind',
    copy,
    '/rpm',
    '--',
    ...query('/rpm', format),
  ];
  return run('bwrap', arguments_, { allowFailure: true, confined: true, timeoutMs: TIMEOUT_S * 1000 });
}

function unreadable(why: string): FlixError {
  return new FlixError(
    'input',
    'unreadable-packages',
    `rpm cannot read it: ${why}`,
    'Run flix where the rpm of that distribution is installed, or name files by their paths.',
  );
}
