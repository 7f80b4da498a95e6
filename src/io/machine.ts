import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { inPrivateDirectory } from './private-directory.ts';
import { fixedEnvironment, InheritedDescriptors, missingTool, run, toolPath } from './spawn.ts';

/** A virtual machine. It has no network, no display, and no file of this machine but these, which are descriptors. */
export interface Machine {
  readonly tool: string;
  readonly kernel: number;
  readonly initrd: number;
  /** The command line of the kernel. The first serial port is the console. */
  readonly append: string;
  /** In MiB. */
  readonly memory: number;
  /** Gets what the guest writes to its second serial port. */
  readonly port?: number;
  /** The disks, /dev/vda first. */
  readonly disks?: readonly { readonly file: number; readonly readOnly: boolean }[];
  readonly limitMs: number;
}

export interface MachineRun {
  readonly accelerator: 'kvm' | 'tcg';
  /** How qemu ended, and what it said. */
  readonly end: string;
  /** The last lines of the console. */
  readonly console: string;
}

/**
 * What the command line of a kernel starts with: the console, no delays, and none of the modules and time limits that make
 * an emulated machine slow or fail.
 */
export const KERNEL_OPTIONS: readonly string[] = [
  'console=ttyS0',
  'panic=-1',
  'mitigations=off',
  'random.trust_cpu=1',
  'systemd.default_timeout_start_sec=900',
  'systemd.default_device_timeout_sec=900',
  'module_blacklist=kvm,kvm_intel,kvm_amd,ahci,libata,psmouse,evdev,button,efi_pstore,qemu_fw_cfg,powernow_k8',
];

/** How much of a console is remembered, in characters. */
const CONSOLE = 65_536;

/**
 * Runs a machine until it powers off. `/dev/kvm` may exist and fail, above all in a computer that is a virtual machine
 * itself: qemu then aborts, hangs or stops with an error, and only a complete run shows that it worked. Otherwise the
 * machine runs again, by emulation. Returns the runs; only the last one may be complete. qemu may read this machine's
 * files and change none, and dies with flix. Throws `FlixError` `missing-tool`.
 *
 * @param isComplete tells whether a run did its work
 * @param onConsole gets what the machine writes to its console
 */
export async function runMachine(
  machine: Machine,
  isComplete: (run: MachineRun) => boolean | Promise<boolean>,
  onConsole: (text: string) => void = () => {},
): Promise<readonly MachineRun[]> {
  for (const tool of ['bwrap', 'setpriv', machine.tool])
    if (toolPath(tool) === undefined) throw missingTool(tool);
  const runs: MachineRun[] = [];
  for (const { accelerator, processors, onlyAfter } of ATTEMPTS) {
    if (accelerator === 'kvm' && !hasKvm()) continue;
    if (onlyAfter !== undefined && !onlyAfter.test(runs.at(-1)!.console)) continue;
    const ended = await runOnce(machine, accelerator, processors, onConsole);
    runs.push(ended);
    if (await isComplete(ended)) break;
  }
  return runs;
}

interface Attempt {
  readonly accelerator: MachineRun['accelerator'];
  readonly processors: number;
  /** What the console of the run before has to show. */
  readonly onlyAfter?: RegExp;
}

/** Several emulated processors disagree at times about code that the kernel has just changed, and it panics (qemu 7.2). */
const ATTEMPTS: readonly Attempt[] = [
  { accelerator: 'kvm', processors: 2 },
  { accelerator: 'tcg', processors: 2 },
  { accelerator: 'tcg', processors: 1, onlyAfter: /Kernel panic|---\[ end trace/ },
];

function hasKvm(): boolean {
  try {
    fs.accessSync('/dev/kvm', fs.constants.R_OK | fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function runOnce(
  machine: Machine,
  accelerator: MachineRun['accelerator'],
  processors: number,
  onConsole: (text: string) => void,
): Promise<MachineRun> {
  const { disks = [], port } = machine;
  const files = [machine.kernel, machine.initrd, ...(port === undefined ? [] : [port])].concat(
    disks.map(({ file }) => file),
  );
  const { execa } = await import('execa');
  const inherited = new InheritedDescriptors(['ignore', 'pipe', 'pipe', ...(files as unknown as 'ignore'[])]);
  const running = execa(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', ...confined(machine, accelerator, processors)],
    {
      reject: false,
      buffer: { stdout: false, stderr: true },
      extendEnv: false,
      env: fixedEnvironment(),
      stdio: inherited.stdio as ['ignore', 'pipe', 'pipe'],
      timeout: machine.limitMs,
      killSignal: 'SIGKILL',
    },
  );
  inherited.close();
  let text = '';
  running.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-CONSOLE);
    onConsole(piece);
  });
  // after such an error qemu stays up, paused, for somebody to inspect it
  running.stderr.on('data', piece => {
    if (/KVM internal error|KVM: entry failed/.test(String(piece))) running.kill();
  });
  const { exitCode, signal, timedOut, stderr } = await running;
  const how = timedOut
    ? `ran longer than ${machine.limitMs / 60_000} minutes`
    : `ended with ${signal ?? `status ${exitCode}`}`;
  return {
    accelerator,
    end: [`${machine.tool} ${how}`, ...stderr.trim().split('\n').filter(Boolean)].join('\n'),
    console: text.replaceAll('\r', '').trimEnd().split('\n').slice(-60).join('\n'),
  };
}

/** The command line of qemu, in namespaces of its own without a network, with a read-only view of this machine. */
function confined(machine: Machine, accelerator: MachineRun['accelerator'], processors: number): string[] {
  const device = accelerator === 'kvm' ? ['--dev-bind', '/dev/kvm', '/dev/kvm'] : [];
  return [
    ...'bwrap --die-with-parent --unshare-all --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp'.split(' '),
    ...device,
    '--',
    machine.tool,
    ...machineOptions(machine, accelerator, processors),
  ];
}

function machineOptions(
  { append, memory, port, disks = [] }: Machine,
  accelerator: MachineRun['accelerator'],
  processors: number,
): string[] {
  let next = 3;
  const file = () => `/proc/self/fd/${next++}`;
  const options: readonly (readonly [string, string])[] = [
    ['machine', 'q35'],
    ['accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ['cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ['smp', String(processors)],
    ['m', String(memory)],
    ['display', 'none'],
    ['nic', 'none'],
    ['device', 'virtio-rng-pci'],
    ['sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ['append', append],
    ['kernel', file()],
    ['initrd', file()],
    ['serial', 'stdio'],
    ...(port === undefined ? [] : [['serial', `file:${file()}`] as const]),
    ...disks.map(
      ({ readOnly }) =>
        [
          'drive',
          `file=${file()},format=raw,if=virtio${readOnly ? ',readonly=on' : ',cache=unsafe'}`,
        ] as const,
    ),
  ];
  return ['-nodefaults', '-no-user-config', '-no-reboot'].concat(
    options.flatMap(([name, value]) => [`-${name}`, value]),
  );
}

/**
 * Gives `use` files without names, which vanish when flix ends, however it ends. Their descriptors are open for reading
 * and writing.
 */
export async function withNamelessFiles<T>(
  contents: readonly Iterable<Uint8Array>[],
  use: (files: readonly number[]) => Promise<T>,
): Promise<T> {
  const files: number[] = [];
  try {
    await inPrivateDirectory(async directory => {
      for (const content of contents) {
        const place = path.join(directory, String(files.length));
        const file = fs.openSync(place, 'wx+', 0o600);
        files.push(file);
        fs.unlinkSync(place);
        writeAll(file, content);
      }
    });
    return await use(files);
  } finally {
    for (const file of files) fs.closeSync(file);
  }
}

/** Returns the size of such a file, in bytes. */
export function sizeOf(file: number): number {
  return fs.fstatSync(file).size;
}

/** Reads a whole file of that kind, from its start. */
export function bytesOf(file: number): Buffer {
  const bytes = Buffer.alloc(sizeOf(file));
  return bytes.subarray(0, fs.readSync(file, bytes, 0, bytes.length, 0));
}

function writeAll(file: number, content: Iterable<Uint8Array>): void {
  try {
    for (const piece of content) for (let at = 0; at < piece.length;) at += fs.writeSync(file, piece, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new FlixError(
      'io',
      'disk-full',
      'there is no space left for the root of the virtual machine',
      'Set TMPDIR to a directory with more space.',
    );
  }
}

/**
 * Returns the index of kernel modules, which depmod(8) of this machine makes, by file name. Executes nothing of the root,
 * and writes nothing into it. Throws `FlixError` `missing-tool`, `tool-failed`.
 *
 * @param modules the directory of this machine with the modules of that release
 */
export async function indexModules(
  modules: string,
  release: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  return inPrivateDirectory(async directory => {
    const made = path.join(directory, 'lib/modules', release);
    fs.mkdirSync(made, { recursive: true });
    // it writes beside the modules that it reads; only newer ones have --outdir
    const linked = fs.readdirSync(modules);
    for (const name of linked) fs.symlinkSync(path.join(modules, name), path.join(made, name));
    await run('depmod', ['--basedir', directory, release]);
    const names = fs.readdirSync(made).filter(name => !linked.includes(name));
    return new Map(names.sort().map(name => [name, fs.readFileSync(path.join(made, name))]));
  });
}
