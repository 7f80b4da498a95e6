import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { execa, execaSync } from 'execa';
import { isOfEveryHost } from '../../src/needs/every-host.ts';
import { type FileUse, TraceReader } from '../../src/trial/trace.ts';
import { addDecoys } from '../../test/lab/hostile-host.ts';
import { type Stage, type StagePlaces, stage } from '../../test/lab/stage.ts';
import { openTerminal, TERM, type Terminal } from '../../test/lab/terminal.ts';
import { type Hidden, writeHidden } from './own-packages.ts';
import type { Row } from './row.ts';
import { WrapperMarks } from './wrappers.ts';

/** The root in which the work of a row runs. */
export interface WorkRoot {
  /** The root from which programs are vendored; clients and input files come from it. */
  readonly staging: string;
  /** The tree to try; `undefined`: the work runs in the staging root itself. */
  readonly tree: string | undefined;
  /** The root of the host; `undefined`: nothing but the tree. */
  readonly host: string | undefined;
  /** A root with systemd, whose systemd-sysusers and systemd-tmpfiles read the files of the tree. */
  readonly systemd: string;
  /** The names of libraries of which the root gets decoys; `undefined`: an ordinary host, without decoys. */
  readonly decoys: readonly string[] | undefined;
  /** What the staging root hides if the work runs in it. */
  readonly hidden?: Hidden;
  /** The wrappers of a tree of Flatwrap mode. */
  readonly wrappers: ReadonlySet<string>;
  /** An empty directory. */
  readonly scratch: string;
}

export interface Work {
  readonly works: boolean;
  /** Why it failed: the exit status, and the end of the output. */
  readonly reason?: string;
  readonly uses: readonly FileUse[];
  /** How long it took under strace. */
  readonly seconds: number;
  /** The directory of files that were laid over the root: decoys, configuration, the shell. */
  readonly layer: string;
}

const TRACING = [
  '-f',
  '-y',
  '-qq',
  '-s',
  '0',
  '-e',
  'trace=open,openat,openat2,execve,execveat,access,faccessat,faccessat2,stat,lstat,newfstatat,statx,readlink,readlinkat,' +
    'chdir,clone,clone3,fork,vfork',
];

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games',
  USER: 'root',
} as const;

const SHELL = '/data/busybox';
/** An ordinary user. */
export const USER = 1000;

/** The network of the work is a loopback device of its own; its processes die with the first one. */
const ISOLATED = 'unshare --net --ipc --pid --fork --kill-child --mount-proc --'.split(' ');

/** Runs what an extension does after a merge: accounts and files (see `flix-NAME-setup.service`). */
const SET_UP = `
"$staging/usr/bin/busybox" ip link set lo up
# as systemd sets it on every host (sysctl.d/50-default.conf)
echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range
mkdir "$at/systemd"
mount --bind "$systemd" "$at/systemd"
mount --rbind "$at/root" "$at/systemd/mnt"
mount --rbind /proc "$at/systemd/proc"
chroot "$at/systemd" systemd-sysusers --root=/mnt >"$data/.setup" 2>&1 || :
chroot "$at/systemd" systemd-tmpfiles --root=/mnt --create >>"$data/.setup" 2>&1 || :
umount -lR "$at/systemd"
`;

/** Mounts the staging root beside the merged one, for the scripts `make` and `beside` of a row. */
const BESIDE = `
beside="$at/root/beside"
mkdir "$at/upper2" "$at/work2" "$beside"
mount -t overlay flix-lab -o "lowerdir=$staging,upperdir=$at/upper2,workdir=$at/work2" "$beside"
mkdir -p "$beside/data"
for directory in proc dev data; do mount --rbind "$at/root/$directory" "$beside/$directory"; done
# in a directory that only some user can enter, a chroot of another would not work
in_staging() { (cd "$beside/data" && HOME=/data LC_ALL=C.UTF-8 chroot "$beside" /bin/sh -c "cd /data; . /data/$1"); }
[ ! -e "$data/.make" ] || in_staging .make >"$data/.make.log" 2>&1 || { cat "$data/.make.log"; exit 97; }
[ ! -e "$data/.beside" ] || in_staging .beside >"$data/.beside.log" 2>&1 &
`;

/** Runs the work of a row. Returns whether it did what it should, and what it used. */
export async function runWork(row: Row, root: WorkRoot): Promise<Work> {
  const { tree, staging, host, systemd, scratch, decoys, wrappers } = root;
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const place = stage({
    tree: tree ?? staging,
    host: tree === undefined ? undefined : host,
    scratch,
    sonames: tree === undefined ? undefined : decoys,
    prepare: [`systemd=${quoted(systemd)} staging=${quoted(staging)}`, SET_UP, BESIDE].join('\n'),
    ...(row.uid !== undefined && { uid: row.uid }),
    // with a seccomp filter, programs get no rights from their files (PR_SET_NO_NEW_PRIVS)
    tracing: row.uid === undefined ? ['--seccomp-bpf', ...TRACING] : TRACING,
  });
  fillLayer(row, root, place.layer);
  fillData(row, root, place);
  const command = [...ISOLATED, ...place.command([SHELL, 'sh', '/data/.run'], { ...ENVIRONMENT, TERM })];
  const from = performance.now();
  const outcome = row.screens
    ? await inTerminal(row, command, scratch)
    : await asCommand(row, command, path.join(place.data, '.out'));
  const seconds = (performance.now() - from) / 1000;
  const uses = await readUses(place, new WrapperMarks(file => wrappers.has(file)));
  return { ...outcome, seconds, uses, layer: place.layer };
}

/** Writes the files that are laid over the host while work runs. */
export function writeLayer(row: Row, root: WorkRoot, layer: string): void {
  if (root.decoys) addDecoys(layer, root.decoys);
  fillLayer(row, root, layer);
}

function fillLayer(
  { files = {} }: Row,
  { tree, staging, host, systemd, wrappers, hidden }: WorkRoot,
  layer: string,
): void {
  for (const directory of ['tmp', 'var/tmp', 'run', 'var/lib', 'var/log', 'var/cache', 'root', 'home'])
    if (tree !== undefined) fs.mkdirSync(path.join(layer, directory), { recursive: true });
  if (tree !== undefined) {
    for (const directory of ['tmp', 'var/tmp']) fs.chmodSync(path.join(layer, directory), 0o1777);
    addHostData(staging, layer);
    if (host === undefined) addBasics(tree, staging, systemd, layer);
  }
  // accounts: those of the root, which has a shadow file for them, or the few of the hostile host
  const root = tree === undefined ? staging : host;
  for (const [name, users] of [
    ['etc/passwd', `user:x:${USER}:${USER}:user:/data:/bin/sh\n`],
    ['etc/group', `user:x:${USER}:\n`],
    ['etc/shadow', 'user:*:19000::::::\n'],
  ] as const) {
    const place = path.join(layer, name);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    if (root !== undefined) fs.copyFileSync(path.join(root, name), place);
    fs.appendFileSync(place, root === undefined ? ACCOUNTS_OF_HOST[name] + users : users);
  }
  // the one way into a view that is known to stay open (docs/flatwrap.md)
  if (wrappers.size > 0) fs.rmSync(path.join(layer, 'etc/ld.so.preload'));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(layer + name), { recursive: true });
    fs.writeFileSync(layer + name, text);
  }
  if (hidden) writeHidden(hidden, layer, staging);
}

const ACCOUNTS_OF_HOST = {
  'etc/passwd': 'nobody:x:65534:65534:nobody:/:/bin/sh\n',
  'etc/group': 'nogroup:x:65534:\n',
  'etc/shadow': 'root:*:19000::::::\nwww-data:*:19000::::::\nnobody:*:19000::::::\n',
} as const;

/** Adds certificates and a font, which minimal hosts lack and hosts that run such programs have. */
function addHostData(staging: string, layer: string): void {
  const certificates = 'etc/ssl/certs/ca-certificates.crt';
  fs.mkdirSync(path.join(layer, path.dirname(certificates)), { recursive: true });
  fs.copyFileSync(path.join(staging, certificates), path.join(layer, certificates));
  const fonts = 'usr/share/fonts/truetype/dejavu';
  fs.cpSync(path.join(staging, fonts), path.join(layer, fonts), { recursive: true });
}

/** Adds what every host has, for work without a host: a static busybox as shell and coreutils, time zones, and the locale C.UTF-8. */
function addBasics(tree: string, staging: string, systemd: string, layer: string): void {
  fs.symlinkSync('../run', path.join(layer, 'var/run'));
  for (const name of ['usr/share/zoneinfo', 'usr/lib/locale/C.utf8'])
    fs.cpSync(path.join(systemd, name), path.join(layer, name), { recursive: true, verbatimSymlinks: true });
  const busybox = path.join(staging, 'usr/bin/busybox');
  fs.mkdirSync(path.join(layer, 'usr/bin'), { recursive: true });
  fs.copyFileSync(busybox, path.join(layer, 'usr/bin/busybox'));
  const applets = execaSync(busybox, ['--list']).stdout.split('\n');
  for (const name of applets)
    if (isOfEveryHost(`/usr/bin/${name}`) && !fs.existsSync(path.join(tree, 'usr/bin', name)))
      fs.symlinkSync('busybox', path.join(layer, 'usr/bin', name));
}

function fillData(row: Row, { staging }: WorkRoot, { data }: Stage): void {
  fs.copyFileSync(path.join(staging, 'usr/bin/busybox'), path.join(data, 'busybox'));
  const script = `cd /data\n(\n${row.work}\n)${row.screens ? '' : ' >/data/.out 2>&1'}\nstatus=$?\nkill -9 -1 2>/dev/null\nexit $status\n`;
  fs.writeFileSync(path.join(data, '.run'), script);
  if (row.make !== undefined) fs.writeFileSync(path.join(data, '.make'), row.make);
  if (row.beside !== undefined) fs.writeFileSync(path.join(data, '.beside'), row.beside);
  // the work may run as another user than the scripts beside it
  fs.writeFileSync(path.join(data, '.out'), '');
  for (const [name, mode] of [
    ['.', 0o777],
    ['.out', 0o666],
    ['busybox', 0o755],
  ] as const)
    fs.chmodSync(path.join(data, name), mode);
  if (row.uid !== undefined) fs.chownSync(data, row.uid, row.uid);
}

const LIMIT_S = 120;

async function asCommand(row: Row, [program, ...options]: readonly string[], out: string) {
  const { exitCode, timedOut, all } = await execa(program!, options, {
    reject: false,
    stdin: 'ignore',
    all: true,
    timeout: (row.limit ?? LIMIT_S) * 1000,
    killSignal: 'SIGKILL',
  });
  const output = fs.readFileSync(out, 'utf8');
  const end = lastLines(output.trim() === '' ? all : output);
  if (timedOut) return { works: false, reason: `did not end within ${row.limit ?? LIMIT_S} s: ${end}` };
  if (exitCode !== 0) return { works: false, reason: `exit status ${exitCode}: ${end}` };
  if (row.prints && !row.prints.test(output)) return { works: false, reason: `printed ${end}` };
  return { works: true };
}

async function inTerminal(row: Row, command: readonly string[], scratch: string) {
  const terminal = await openTerminal(scratch, command);
  try {
    return await beforeLimit(driven(row, terminal), row.limit ?? LIMIT_S);
  } catch (error) {
    return { works: false, reason: `${(error as Error).message}: ${lastLines(await terminal.shows(/^/))}` };
  } finally {
    await terminal.close();
  }
}

async function driven(row: Row, terminal: Terminal) {
  for (const [shows, ...keys] of row.screens!) {
    // a program that ends early never shows it
    const seen = await Promise.race([terminal.shows(shows), terminal.ended().then(() => undefined)]);
    if (seen === undefined) {
      const screen = await terminal.shows(/^/);
      return { works: false, reason: `ended before the screen showed ${shows}: ${lastLines(screen)}` };
    }
    if (keys.length > 0) await terminal.press(...keys);
  }
  const status = await terminal.ended();
  return status === 0
    ? { works: true }
    : { works: false, reason: `exit status ${status}: ${lastLines(await terminal.shows(/^/))}` };
}

async function beforeLimit<T>(promise: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function lastLines(text: string): string {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  return lines.slice(-4).join(' / ').slice(-400);
}

/** Reads the trace, with paths as the programs in the root see them. */
async function readUses({ log, root }: StagePlaces, marks: WrapperMarks): Promise<readonly FileUse[]> {
  if (!fs.existsSync(log)) return [];
  // perl, which enters the root, becomes the shell
  const reader = new TraceReader(1);
  for await (const line of createInterface({ input: fs.createReadStream(log) }))
    reader.line(marks.line(line.replaceAll(`<${root}/`, '</').replaceAll(`<${root}>`, '</>')));
  return reader.uses;
}
