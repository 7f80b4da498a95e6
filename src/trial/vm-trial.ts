import { FlixError } from '../errors.ts';
import { bytesReader, type Reader } from '../elf/reader.ts';
import {
  bytesOf,
  indexModules,
  KERNEL_OPTIONS,
  type MachineRun,
  runMachine,
  sizeOf,
  withNamelessFiles,
} from '../io/machine.ts';
import { shellWord } from '../shell-word.ts';
import { extensionRules, type ExtensionType } from '../systemd/extension-type.ts';
import { follow } from '../view/follow.ts';
import { kernelReleases } from '../view/kernels.ts';
import { isProgramAt, objectAt } from '../view/object.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { Initramfs, piecesOf } from './initramfs.ts';

/** An extension as the guest gets it: an image as it is, or a tree. */
export interface GuestExtension {
  /** As in /var/lib/extensions, without `.raw`. */
  readonly name: string;
  readonly type: ExtensionType;
  readonly content: { readonly image: Reader } | { readonly tree: View };
}

export interface Kernel {
  readonly path: string;
  /** The root in which it lies, which may have its modules. */
  readonly around: View;
  /** As in the names of its modules’ directory; `undefined`: unknown, so it has no modules. */
  readonly release: string | undefined;
}

export interface VmRequest {
  /** A root with systemd, and with a kernel unless one is named. */
  readonly guest: View;
  /** Default: that of the guest. */
  readonly kernel: Kernel | undefined;
  readonly extensions: readonly GuestExtension[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

export interface VmOutcome {
  /** The exit status of the command. */
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** The names of the merged extensions. */
  readonly merged: readonly string[];
  /** The units that failed since the machine started. */
  readonly failed: readonly string[];
  /** The last lines of the journal. */
  readonly journal: string;
  readonly kernel: string;
  readonly emulated: boolean;
  /** Files of the guest that this user may not read, and which it therefore lacked. */
  readonly unreadable: readonly string[];
}

type Answer = Omit<VmOutcome, 'kernel' | 'emulated' | 'unreadable'>;

/** Only a machine that hangs reaches it: a busy computer without KVM takes several minutes to start one. */
const LIMIT_MS = 2_400_000;
/** x86 kernels take an initramfs below 2 GiB (`initrd_addr_max`, Documentation/arch/x86/boot.rst). */
const MAX_BYTES = 1_900_000_000;
const MIB = 1_048_576;
/** Directories of the guest that only the running system fills, or that it does not need to run. */
const LEFT_OUT = ['/proc', '/sys', '/dev', '/run', '/tmp', '/boot', '/var/cache/apt', '/var/lib/apt/lists'];
/** Where the guest has what flix adds. */
const HOME = '/flix-trial';
/** What merges and images take. Most kernels have some of them built in. */
const MODULES = ['overlay', 'loop', 'erofs', 'squashfs', 'ext4', 'dm-verity'];
/**
 * No questions of the first boot, no disks of the guest's fstab, and no prompt for a login (kernel-command-line(7) of systemd,
 * systemd-fstab-generator(8), systemd-debug-generator(8)).
 */
const COMMAND_LINE = [
  ...KERNEL_OPTIONS,
  'rdinit=/sbin/init',
  'systemd.unit=multi-user.target',
  'systemd.wants=systemd-sysext.service',
  'systemd.wants=systemd-confext.service',
  'systemd.wants=flix-trial.service',
  'systemd.firstboot=no',
  'systemd.getty_auto=no',
  'systemd.log_color=no',
  'fstab=no',
  'audit=0',
].join(' ');

/**
 * Boots the guest with the extensions in place, and runs a command when it has started. Everything is in the memory of the
 * machine: it has no disk and no network. Throws `FlixError` `no-kernel`, `no-systemd`, `guest-machine`, `guest-too-large`,
 * `not-booted`, and those of `runMachine`.
 *
 * @param onConsole gets what the machine writes to its console
 */
export async function tryInVm(request: VmRequest, onConsole: (text: string) => void): Promise<VmOutcome> {
  const { guest } = request;
  checkGuest(guest);
  const kernel = request.kernel ?? kernelOf(guest);
  const index = await indexOf(kernel);
  const file = kernel.around.open(kernel.path);
  try {
    const archive = new Initramfs();
    const archived = contents(archive, { ...request, kernel, index });
    return await withNamelessFiles([piecesOf(file), archived, []], async files => {
      const [image, initrd, port] = files as [number, number, number];
      const size = sizeOf(initrd);
      if (size > MAX_BYTES)
        throw new FlixError(
          'input',
          'guest-too-large',
          `${guest.label} has ${Math.round(size / 1e6)} MB, more than the memory of a virtual machine can start from (${MAX_BYTES / 1e6} MB)`,
          'flix stage debian:trixie --include systemd-sysv,udev,dbus,kmod,linux-image-cloud-amd64 -o guest',
        );
      let answer: Answer | undefined;
      const runs = await runMachine(
        {
          tool: 'qemu-system-x86_64',
          kernel: image,
          initrd,
          append: COMMAND_LINE,
          // the archive, the files unpacked from it, of which the kernel allows half the memory, and room to work
          memory: 768 + Math.ceil((2.2 * size) / MIB),
          port,
          limitMs: LIMIT_MS,
        },
        () => (answer = readAnswer(bytesOf(port))) !== undefined,
        onConsole,
      );
      if (answer === undefined) throw notBooted(guest, runs);
      const emulated = runs.at(-1)!.accelerator === 'tcg';
      return { ...answer, kernel: kernel.path, emulated, unreadable: archive.unreadable };
    });
  } finally {
    file.close();
  }
}

/** Refuses a guest that cannot run systemd as process 1. */
function checkGuest(guest: View): void {
  const init = follow(guest, '/sbin/init').path;
  if (init === undefined || !isProgramAt(guest, init) || !/systemd/.test(init))
    throw new FlixError(
      'input',
      'no-systemd',
      `${guest.label} has no systemd as /sbin/init`,
      'Install it in the root, such as systemd-sysv of Debian.',
    );
  const { facts } = objectAt(guest, init);
  if (facts?.header.machine !== X86_64)
    throw new FlixError(
      'input',
      'guest-machine',
      `the programs of ${guest.label} are not for x86-64, the only machine that flix can boot`,
      'Try its programs with “flix try --host”, which takes a qemu-user of its architecture.',
    );
}

/** EM_X86_64 of the System V ABI. */
const X86_64 = 62;

/** Returns the newest kernel of a root: that of the distribution in /boot, or beside its modules. */
function kernelOf(guest: View): Kernel {
  const places = [
    ...[...guest.list('/boot').keys()].filter(name => /^vmlinuz-\d/.test(name)).map(name => `/boot/${name}`),
    ...kernelReleases(guest).map(release => `/usr/lib/modules/${release}/vmlinuz`),
  ].flatMap(place => {
    const { path } = follow(guest, place);
    return path !== undefined && guest.kind(path) === 'file'
      ? [{ path, around: guest, release: releaseIn(place)! }]
      : [];
  });
  places.sort((a, b) => numeric.compare(a.release, b.release));
  const newest = places.at(-1);
  if (newest !== undefined) return newest;
  throw new FlixError(
    'input',
    'no-kernel',
    `${guest.label} has no kernel in /boot or /usr/lib/modules`,
    'Name one with --kernel, or install one in the root, such as linux-image-cloud-amd64 of Debian.',
  );
}

const numeric = new Intl.Collator('en', { numeric: true });

/** Reads the release of a kernel from its path. */
export function releaseIn(path: string): string | undefined {
  return /\/boot\/vmlinuz-(\d[^/]*)$|\/lib\/modules\/(\d[^/]*)\/vmlinuz$/.exec(path)?.slice(1).find(Boolean);
}

type Files = ReadonlyMap<string, Uint8Array>;

/** Returns the index of the kernel's modules; empty if all that a merge takes is built in. */
async function indexOf({ around, release }: Kernel): Promise<Files> {
  const root = around.source('/').hostPath;
  if (root === undefined || release === undefined || !kernelReleases(around).includes(release))
    return new Map();
  const directory = `${follow(around, '/usr/lib/modules').path}/${release}`;
  const made = readText(around, `${directory}/modules.dep`);
  // the scripts of packages run depmod, but flix stage runs no scripts
  return made === undefined
    ? indexModules(root + directory, release)
    : new Map([['modules.dep', Buffer.from(made)]]);
}

interface Contents extends VmRequest {
  readonly kernel: Kernel;
  readonly index: Files;
}

function* contents(archive: Initramfs, request: Contents): Generator<Uint8Array> {
  const { guest, extensions } = request;
  yield* archive.tree(guest, '', path => LEFT_OUT.some(directory => path.startsWith(`${directory}/`)));
  yield* modules(archive, request);
  for (const { name, type, content } of extensions) {
    const to = `${type === 'sysext' ? '/var/lib/extensions' : extensionRules.confext.activated}/${name}`;
    if ('image' in content) yield* archive.own(`${to}.raw`, content.image);
    else {
      yield* archive.directory(to);
      yield* archive.tree(content.tree, to);
    }
  }
  const files = { ...CONFIGURATION, [`${HOME}/run`]: script(request) };
  for (const [path, text] of Object.entries(files)) yield* archive.own(path, bytesReader(Buffer.from(text)));
  yield* archive.end();
}

/** Adds the index of the modules, and of a kernel from elsewhere the modules that merges take. */
function* modules(archive: Initramfs, { guest, kernel, index }: Contents): Generator<Uint8Array> {
  const { around, release } = kernel;
  if (index.size === 0) return;
  const to = `${follow(guest, '/usr/lib/modules').path ?? '/usr/lib/modules'}/${release}`;
  for (const [name, bytes] of index) yield* archive.own(`${to}/${name}`, bytesReader(bytes));
  if (around === guest) return;
  const from = `${follow(around, '/usr/lib/modules').path}/${release}`;
  for (const name of wantedModules(Buffer.from(index.get('modules.dep') ?? []).toString())) {
    const file = around.open(`${from}/${name}`);
    try {
      yield* archive.own(`${to}/${name}`, file);
    } finally {
      file.close();
    }
  }
  const builtIn = readText(around, `${from}/modules.builtin`);
  if (builtIn !== undefined) yield* archive.own(`${to}/modules.builtin`, bytesReader(Buffer.from(builtIn)));
}

/** Returns the files of `MODULES` and of what they depend on. @param index lines of `FILE: FILE…` (depmod(8)) */
function wantedModules(index: string): string[] {
  const lines = index.split('\n').map(line => line.split(/:? +|:$/).filter(Boolean));
  const isWanted = (file: string) =>
    MODULES.some(name => new RegExp(`/${name.replace(/[-_]/, '[-_]')}\\.ko`).test(file));
  return [...new Set(lines.filter(([file]) => file !== undefined && isWanted(file)).flat())].sort();
}

/** Units and settings that the guest gets. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  '/etc/modules-load.d/flix-trial.conf': `${MODULES.join('\n')}\n`,
  '/etc/systemd/system/systemd-sysext.service.d/flix-trial.conf':
    '[Unit]\nAfter=systemd-modules-load.service\n',
  '/etc/systemd/system/systemd-confext.service.d/flix-trial.conf':
    '[Unit]\nAfter=systemd-modules-load.service\n',
  // nobody is there to answer the prompt of an emergency
  '/etc/systemd/system/emergency.service.d/flix-trial.conf':
    '[Service]\nExecStartPre=\nExecStart=\nExecStart=systemctl poweroff --force --force\n',
  '/etc/systemd/system/flix-trial.service': `[Unit]
Description=The command of flix try
After=basic.target systemd-sysext.service systemd-confext.service
[Service]
Type=exec
ExecStart=/bin/sh ${HOME}/run
StandardInput=null
`,
};

/** The names of the parts of an answer, each of which is preceded by `NAME SIZE` on a line. */
const PARTS = ['status', 'merged', 'failed', 'journal', 'stdout', 'stderr'] as const;
/** How much of each part is read, in bytes. */
const MAX_PART = 16 * MIB;

/** The script that runs the command when the machine has started, and answers on the second serial port. */
function script({ environment, command }: VmRequest): string {
  const variables = Object.entries(environment).map(([name, value]) => shellWord(`${name}=${value}`));
  return `cd ${HOME}
while systemctl is-system-running 2>/dev/null | grep -Eq '^(initializing|starting)$'; do sleep 1; done
echo 'flix: the machine has started, and runs the command' >/dev/console
systemd-sysext status --json=short >merged 2>/dev/null
systemd-confext status --json=short >>merged 2>/dev/null
(cd /root && env -i ${[...variables, ...command.map(shellWord)].join(' ')}) >stdout 2>stderr </dev/null
echo $? >status
echo 'flix: the command has ended' >/dev/console
systemctl list-units --failed --plain --no-legend >failed 2>/dev/null
journalctl --boot --no-pager --lines=200 --output=short-monotonic >journal 2>/dev/null
stty -F /dev/ttyS1 raw -echo
for part in ${PARTS.join(' ')}; do
  size=$(stat -c %s $part)
  [ "$size" -le ${MAX_PART} ] || size=${MAX_PART}
  echo "$part $size"
  head -c "$size" $part
done >/dev/ttyS1
echo end >/dev/ttyS1
systemctl poweroff --force --force
`;
}

/** Reads what the guest answered; `undefined` if that is not complete. */
function readAnswer(bytes: Buffer): Answer | undefined {
  const parts = new Map<string, Buffer>();
  let at = 0;
  for (const name of PARTS) {
    const line = bytes.indexOf(10, at);
    const size = Number(/^\w+ (\d+)$/.exec(bytes.toString('latin1', at, line))?.[1]);
    if (line < 0 || Number.isNaN(size) || line + 1 + size > bytes.length) return undefined;
    parts.set(name, bytes.subarray(line + 1, line + 1 + size));
    at = line + 1 + size;
  }
  const text = (name: (typeof PARTS)[number]) => parts.get(name)!.toString();
  return {
    status: Number.parseInt(text('status'), 10) & 0xff,
    stdout: parts.get('stdout')!,
    stderr: parts.get('stderr')!,
    merged: mergedIn(text('merged')),
    failed: text('failed')
      .split('\n')
      .flatMap(line => line.split(' ')[0] || [])
      .sort(),
    journal: text('journal'),
  };
}

/** Reads the names of extensions from lines of `systemd-sysext status --json=short`. */
function mergedIn(text: string): string[] {
  const lists = [...text.matchAll(/"extensions":(\[[^\]]*\])/g)].flatMap(([, list]) => {
    try {
      return JSON.parse(list!) as unknown[];
    } catch {
      return [];
    }
  });
  return [...new Set(lists.map(String))].sort();
}

function notBooted(guest: View, runs: readonly MachineRun[]): FlixError {
  const words = runs.map(({ accelerator, end, console }) =>
    [
      `with ${accelerator === 'kvm' ? 'KVM' : 'emulation'}, ${end}`,
      ...(console === '' ? [] : ['the end of its console:', console]),
    ].join('\n'),
  );
  return new FlixError(
    'missing',
    'not-booted',
    `${guest.label} did not start as a virtual machine, or did not get through the command\n${words.join('\n')}`,
  );
}
