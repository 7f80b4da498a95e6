import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import { announce, fixedEnvironment, InheritedDescriptors, missingTool, toolPath } from './spawn.ts';
import { standardError } from './standard-error.ts';

/** Directories that are merged over one of the host, as systemd merges extensions. */
export interface MergedHierarchy {
  /** The real path inside the root, such as `/usr`. */
  readonly at: string;
  /** On this machine, the topmost first. */
  readonly layers: readonly string[];
}

export interface Sandbox {
  /** The root directory of the host; `undefined`: a root with nothing but the merged directories. */
  readonly host: string | undefined;
  readonly hierarchies: readonly MergedHierarchy[];
  /** The real path of `/etc` inside the root. */
  readonly configuration: string;
  /** Whether programs may mount, as the wrappers of Flatwrap mode do; they become root of a user namespace for that. */
  readonly mounts: boolean;
  readonly network: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** The number of the user and group that run it; default: root. */
  readonly user?: number | undefined;
  /** Gets what the command prints on standard output and standard error; flix prints it as well. */
  readonly onOutput?: ((piece: Buffer) => void) | undefined;
}

export interface SandboxResult {
  /** That of the command; 128 and the number of a signal that ended it. */
  readonly status: number;
  /** Whether strace(1) was there to follow the command. */
  readonly traced: boolean;
}

/** The capabilities that container engines leave to root in a container by default. */
const CAPABILITIES = [
  'audit_write',
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'net_bind_service',
  'net_raw',
  'setfcap',
  'setgid',
  'setpcap',
  'setuid',
  'sys_chroot',
];

/** The calls that show what a program looks for, opens and runs, and where its children come from. */
const CALLS =
  'open,openat,openat2,execve,execveat,access,faccessat,faccessat2,stat,lstat,stat64,lstat64,newfstatat,fstatat64,' +
  'statx,readlink,readlinkat,chdir,clone,clone3,fork,vfork';

/** Places for the mounts, which the private mount namespace hides from everybody else. Inputs must not be below them. */
const WORKPLACES = ['/mnt', '/media', '/srv', '/var/tmp', '/tmp', '/run'];

/** A line of the protocol between the script and flix, before those of strace. */
const READY = 'ready';

/**
 * Runs a command of the user in a throwaway root: the host under a writable layer that vanishes, with directories merged
 * over it read-only. Standard streams are those of flix. The command gets namespaces of its own, and no network unless that
 * is allowed; its processes die with flix, and the mounts with them. Ordinary users become root of a user namespace. Throws
 * `FlixError` `missing-tool`, `no-sandbox`, `not-started`, `tool-failed`, `overlapping-trees`.
 *
 * @param onLine gets the lines of strace(1), if it is installed
 */
export async function runInSandbox(sandbox: Sandbox, onLine: (line: string) => void): Promise<SandboxResult> {
  for (const tool of ['setpriv', 'unshare', 'mount', 'bwrap'])
    if (toolPath(tool) === undefined) throw missingTool(tool);
  for (const { at, layers } of sandbox.hierarchies)
    refuseOverlap(sandbox.host === undefined ? layers : [...layers, path.join(sandbox.host, at)]);
  const isRoot = process.getuid?.() === 0;
  const traced = toolPath('strace') !== undefined;
  const inputs = [...(sandbox.host === undefined ? [] : [sandbox.host]), ...layersOf(sandbox)].map(
    directory => fs.realpathSync(directory),
  );
  // bwrap looks itself up in /proc by its number in the new namespace
  const unshare = `unshare ${isRoot ? '' : '--user --map-root-user '}--mount-proc --pid --fork --kill-child --`;
  const script = setUp(sandbox, workplaceOutside(inputs));
  const shell = ['sh', '-c'];
  const argv = [
    ...`setpriv --pdeathsig KILL -- ${unshare}`.split(' '),
    ...shell.concat(script, 'sh', String(inputs.length), inputs),
    ...(traced ? STRACE : []),
    // process 1 of the sandbox is bwrap, whose environment the command can read in /proc
    ...shell.concat('exec env -i "$@" 3>&-', 'sh', bubblewrap(sandbox, isRoot), sandbox.command),
  ];
  announce('bwrap', [...bubblewrap(sandbox, isRoot).slice(1), ...sandbox.command]);
  const { execa } = await import('execa');
  const { onOutput } = sandbox;
  const shown = onOutput ? 'pipe' : 'inherit';
  const inherited = new InheritedDescriptors(['inherit', shown, shown, 'pipe', 'pipe'] as const);
  const child = execa(argv[0]!, argv.slice(1), {
    reject: false,
    buffer: false,
    extendEnv: false,
    env: fixedEnvironment(),
    stdio: inherited.stdio,
  });
  inherited.close();
  if (onOutput) {
    child.stdout?.pipe(process.stdout).on('error', () => {});
    child.stderr?.pipe(standardError()).on('error', () => {});
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
  }
  let isReady = false;
  let isStarted = false;
  const readLines = async () => {
    for await (const line of child.iterable({ from: 'fd3' }))
      if (isReady) onLine(line);
      else isReady = line === READY;
  };
  const readStatus = async () => {
    // bwrap writes it only if it could start the command (bubblewrap.c, report_child_exit_status)
    for await (const line of child.iterable({ from: 'fd4' })) isStarted ||= line.includes('"exit-code"');
  };
  await Promise.all([readLines(), readStatus()]);
  const { exitCode, signal, shortMessage } = await child;
  if (!isReady)
    throw new FlixError(
      'missing',
      'no-sandbox',
      'this machine does not let flix make a private root, for the reason above',
      'It takes mount namespaces and overlayfs, and user namespaces for users other than root. In a container, grant CAP_SYS_ADMIN.',
    );
  if (exitCode !== undefined && !isStarted) throw notStarted(sandbox);
  if (exitCode === undefined)
    throw new FlixError('io', 'tool-failed', signal ? `the command was ended by ${signal}` : shortMessage!);
  return { status: exitCode, traced };
}

/** Returns the error for a command that did not run: bwrap or unshare failed and said why, or the root cannot run it. */
export function notStarted({ command }: Pick<Sandbox, 'command'>): FlixError {
  return new FlixError(
    'missing',
    'not-started',
    `${command[0]} was not started in the private root, for the reason above`,
    'Name a program that the root has; a script also needs its interpreter there.',
  );
}

/**
 * Returns how many programs strace sees before the command: a shell, env and bwrap, also unshare with `mounts`, and setpriv
 * for a user.
 */
export function startsBeforeCommand(mounts: boolean, user?: number): number {
  return 3 + (mounts ? 1 : 0) + (startsAsUser(user) ? 1 : 0);
}

/** Whether setpriv(1) changes the user, as root can; anybody else gets a user namespace in which they have that number. */
function startsAsUser(user: number | undefined): boolean {
  return user !== undefined && process.getuid?.() === 0;
}

function layersOf({ hierarchies }: Sandbox): readonly string[] {
  return hierarchies.flatMap(({ layers }) => layers);
}

/** overlayfs takes no two layers of which one contains the other. */
function refuseOverlap(layers: readonly string[]): void {
  const real = layers.flatMap(layer => (fs.existsSync(layer) ? [fs.realpathSync(layer)] : []));
  real.forEach((layer, i) => {
    const other = real.find((candidate, j) => i !== j && `${layer}/`.startsWith(`${candidate}/`));
    if (other === undefined) return;
    throw new FlixError(
      'input',
      'overlapping-trees',
      other === layer
        ? `${layer} would be merged twice`
        : `${layer} would be merged over ${other}, which contains it`,
      other === layer ? 'Name it once.' : 'Move or copy one of them elsewhere.',
    );
  });
}

/** Returns a directory of this machine that contains none of the inputs and lies in none but `/`. */
function workplaceOutside(inputs: readonly string[]): string {
  const isClear = (place: string) =>
    fs.realpathSync(place) === place &&
    inputs.every(
      input => input !== place && !input.startsWith(`${place}/`) && !place.startsWith(`${input}/`),
    );
  const found = WORKPLACES.find(place => fs.existsSync(place) && isClear(place));
  if (found !== undefined) return found;
  throw new FlixError(
    'input',
    'no-workplace',
    `the trees and the host use all of ${WORKPLACES.join(', ')}`,
    'Put them into one directory.',
  );
}

/**
 * Writes the script that mounts the root at `root` below the workplace. Its arguments are the number of inputs, the inputs,
 * and the command that it becomes. Inputs are bound to numbers first, because the options of overlayfs cannot quote paths.
 */
function setUp({ host, hierarchies, network, configuration }: Sandbox, workplace: string): string {
  let next = host === undefined ? 1 : 2;
  const etc = shellWord(`own${configuration}`);
  const merged = hierarchies.map(({ at, layers }) => {
    const numbers = layers.map(() => String(next++));
    const below = host === undefined ? [] : [`own${at}`, `1${at}`];
    return { at, lower: [...numbers, ...below, 'nothing'] };
  });
  return [
    'set -eu',
    'mount --make-rprivate /',
    `mount -t tmpfs -o mode=755 flix ${workplace}`,
    `cd ${workplace}`,
    'mkdir nothing upper work root',
    // bwrap would follow links of the host here, also to places outside the root
    'mkdir own own/proc own/dev own/run own/tmp',
    ...(network && host !== undefined
      ? [`mkdir -p ${etc}`, `[ ! -f /etc/resolv.conf ] || cat /etc/resolv.conf >${etc}/resolv.conf`]
      : []),
    'inputs=$1; shift; i=0',
    'while [ $i -lt $inputs ]; do i=$((i + 1)); mkdir $i; mount --rbind -- "$1" $i; shift; done',
    ...(host === undefined
      ? ['mkdir root/usr root/etc root/var', 'for i in bin sbin lib lib64; do ln -s usr/$i root/$i; done']
      : ['mount -t overlay -o lowerdir=own:1,upperdir=upper,workdir=work flix root']),
    ...merged.flatMap(({ at, lower }) => [
      `mkdir -p ${shellWord(`root${at}`)}`,
      // without an upper layer, overlayfs takes no fewer than two
      `set -- ${shellWord(`root${at}`)} "$@"; l=; for i in ${lower.map(shellWord).join(' ')}; do [ ! -d "$i" ] || l=$l:$i; done`,
      'mount -t overlay -o "ro,lowerdir=${l#:}" flix "$1"; shift',
    ]),
    `echo ${READY} >&3`,
    'exec "$@"',
  ].join('\n');
}

/** It writes through cat, because the pipes of Node are sockets, which cannot be opened by name. */
const STRACE = (
  'strace --follow-forks --seccomp-bpf --quiet=all --decode-fds=path --pidns-translation --string-limit=0 --signal=none ' +
  `--trace=${CALLS}`
)
  .split(' ')
  .concat('--output=|exec cat >&3');

function bubblewrap({ mounts, network, environment, user }: Sandbox, isRoot: boolean): string[] {
  const asUser = user !== undefined && startsAsUser(user);
  const fixed =
    '--json-status-fd 4 --bind root / --proc /proc --dev /dev --tmpfs /run --tmpfs /tmp --chdir / --die-with-parent --new-session ' +
    '--unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try';
  return [
    ...(asUser
      ? `${toolPath('setpriv')!} --reuid ${user} --regid ${user} --clear-groups --bounding-set=-all --`.split(
          ' ',
        )
      : []),
    toolPath('bwrap')!,
    ...fixed.split(' '),
    ...(network ? [] : ['--unshare-net']),
    // bwrap itself overlooks the first one, where root may set the program that the kernel runs for each crash
    ...['sys', 'sysrq-trigger', 'fs', 'acpi', 'scsi'].flatMap(name => [
      '--ro-bind-try',
      `/proc/${name}`,
      `/proc/${name}`,
    ]),
    ...(user === undefined || isRoot ? [] : ['--unshare-user', '--uid', String(user), '--gid', String(user)]),
    ...(isRoot && !asUser
      ? ['--cap-drop', 'ALL', ...CAPABILITIES.flatMap(name => ['--cap-add', `cap_${name}`])]
      : []),
    '--clearenv',
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    '--',
    // root's own right to mount would lead out of the root; the mounts made so far are locked in the new namespaces
    ...(mounts ? ['/usr/bin/unshare', '--user', '--map-root-user', '--mount', '--'] : []),
  ];
}
