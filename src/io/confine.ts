import { randomBytes } from 'node:crypto';
import { FlixError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import { fileUntilExit } from './private-directory.ts';
import { run, type RunResult, toolPath } from './spawn.ts';
import { systemCallFilter } from './system-calls.ts';

/** The user and group of confined programs: nobody, who owns no file (systemd's UIDS-GIDS.md). */
export const NOBODY = 65534;
const TIMEOUT_S = 60;

/** The namespaces that keep a program from the mounts, network, abstract sockets, message queues, host name, control groups and processes of the machine. */
const NAMESPACES = ['--mount', '--net', '--ipc', '--uts', '--cgroup', '--pid'];
const NO_PRIVILEGES = ['--no-new-privs', '--inh-caps=-all'];

/** Matches a message of the tools that confine. A program may print the same; it then counts as one that did not run. */
export const CONFINEMENT_MESSAGE =
  /^(?:\/\S*\/)?(?:chroot|unshare|setpriv|timeout|env): |^(?:\/\S*\/)?sh: .*\b[Ff]ork\b/m;

/**
 * Runs a program that a root brought, which may be hostile, with the directory as its root and without privileges: as
 * nobody (or, if flix is not run by root, as a user of a user namespace without capabilities), with no new privileges,
 * in every namespace that the kernel grants, under a filter of system calls if setpriv(1) can set one, with only the three
 * standard descriptors and the given variables, and for at most a minute. Throws `FlixError` `missing-tool` if a tool for
 * that is not installed.
 *
 * @param command absolute paths inside the directory; nobody must be able to read them
 */
export async function runConfined(
  directory: string,
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<RunResult> {
  const environment = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const words = ['env', '-i', ...environment, ...withoutPrivileges(directory), ...command];
  return confine(words, TIMEOUT_S);
}

/**
 * Runs a program as `runConfined` does, without variables, several times in the same namespaces, because creating these takes
 * longer than most programs run. Each run gets a minute of processor time. A run can disturb those after it, so all of them
 * run the same program.
 *
 * @param lastArguments the last argument of each run
 * @returns how each run ended, in this order
 */
export async function runConfinedEach(
  directory: string,
  command: readonly string[],
  lastArguments: readonly string[],
): Promise<RunResult[]> {
  const mark = randomBytes(16).toString('hex'); // the program cannot guess what ends its output
  const words = [...withoutPrivileges(directory), ...command].map(shellWord).join(' ');
  const end = `printf '\\n%s %s\\n' ${mark} $s`;
  const script = `ulimit -t ${TIMEOUT_S}; unset PWD OLDPWD SHLVL; for i do ${words} "$i"; s=$?; ${end}; ${end} >&2; done`;
  const { stdout, stderr, exitCode } = await confine(
    ['env', '-i', pathOf('sh'), '-c', script, 'sh', ...lastArguments],
    TIMEOUT_S * lastArguments.length,
  );
  const [outputs, messages] = [stdout, stderr].map(text => text.split(`\n${mark} `)) as [string[], string[]];
  // each piece but the first begins with the status of the run before it
  const pieceAt = (pieces: readonly string[], at: number) =>
    at === 0 ? (pieces[0] ?? '') : (pieces[at] ?? '').replace(/^\d+\n/, '');
  return lastArguments.map((_, at) => {
    const status = /^\d+/.exec(outputs[at + 1] ?? '')?.[0];
    return {
      stdout: pieceAt(outputs, at),
      stderr: pieceAt(messages, Math.min(at, messages.length - 1)),
      exitCode: status === undefined ? exitCode || 1 : Number(status),
    };
  });
}

/** Runs a command in namespaces of its own, with no more rights than chroot(1) needs. @param seconds until it is killed */
async function confine(command: readonly string[], seconds: number): Promise<RunResult> {
  const isRoot = process.getuid?.() === 0;
  const [first, ...rest] = [
    ...(await ownNamespaces(isRoot)),
    // it is the first process of the PID namespace, so its end kills all others
    'timeout',
    '-s',
    'KILL',
    String(seconds),
    'setpriv',
    ...NO_PRIVILEGES,
    ...(await filterOptions()),
    // chroot(1) loses these when it changes the user, and no_new_privs prevents regaining them
    ...(isRoot ? ['--bounding-set=-all,+sys_chroot,+setuid,+setgid'] : []),
    '--',
    ...command,
  ];
  return run(first!, rest, { allowFailure: true, confined: true, timeoutMs: (seconds + 5) * 1000 });
}

/**
 * Returns the start of a command line that runs the rest with a directory as its root, and gives up the last privileges. A
 * user other than root gets a second user namespace, in which no user is mapped: the process is not root there, so it loses
 * all capabilities when the program starts. A mapped user would be looked up by name, and the NSS modules of this machine
 * would be loaded with the variables that are meant for the program.
 */
function withoutPrivileges(directory: string): string[] {
  if (process.getuid?.() !== 0) return [pathOf('unshare'), '--user', `--root=${directory}`, '--'];
  return [pathOf('chroot'), `--userspec=+${NOBODY}:+${NOBODY}`, '--groups=', directory];
}

/** Returns the options of setpriv(1) that filter system calls; util-linux has them since 2.41. */
async function filterOptions(): Promise<readonly string[]> {
  return (filter ??= prepareFilter());
}

let filter: Promise<readonly string[]> | undefined;

async function prepareFilter(): Promise<readonly string[]> {
  const { stdout } = await run('setpriv', ['--help'], { allowFailure: true });
  if (!stdout.includes('--seccomp-filter')) return [];
  try {
    return ['--seccomp-filter', await fileUntilExit('system-calls', systemCallFilter())];
  } catch (error) {
    if (error instanceof FlixError) return []; // nowhere to write it
    throw error;
  }
}

function pathOf(tool: string): string {
  const found = toolPath(tool);
  if (found === undefined) throw new FlixError('missing', 'missing-tool', `${tool} is not installed`);
  return found;
}

const granted = new Map<boolean, Promise<readonly string[]>>();

/** Returns the start of a command line that runs the rest in every namespace that the kernel grants. Users other than root need a user namespace. */
async function ownNamespaces(isRoot: boolean): Promise<readonly string[]> {
  const found = granted.get(isRoot) ?? probeNamespaces(isRoot);
  granted.set(isRoot, found);
  return found;
}

async function probeNamespaces(isRoot: boolean): Promise<readonly string[]> {
  const base = isRoot ? [] : ['--user', '--map-root-user'];
  const grants = async (options: readonly string[]) =>
    (await run('unshare', [...base, ...options, '--', 'true'], { allowFailure: true })).exitCode === 0;
  const each = NAMESPACES.map(option =>
    option === '--pid' ? ['--pid', '--fork', '--kill-child'] : [option],
  );
  const all = (await grants(each.flat()))
    ? each
    : await Promise.all(each.map(async options => ((await grants(options)) ? options : [])));
  const options = [...base, ...all.flat()];
  return options.length === 0 ? [] : ['unshare', ...options, '--'];
}
