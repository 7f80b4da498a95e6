import fs from 'node:fs';
import path from 'node:path';
import { inPrivateDirectory } from './private-directory.ts';
import { fixedEnvironment, InheritedDescriptors, missingTool, run, toolPath } from './spawn.ts';

/** A virtual machine without a network and a display. The only files of this machine that it gets are open descriptors. */
export interface Machine {
  /** The qemu that runs it. */
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
  /** How qemu ended, and what it printed on standard error. */
  readonly end: string;
  /** The last lines of the console. */
  readonly console: string;
}

/**
 * The first options of a kernel's command line: they choose the console, and turn off the delays, modules and time limits
 * that slow an emulated machine down or make it fail.
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

/** How much of the end of a console is kept, in characters. */
const CONSOLE_LENGTH = 65_536;

/**
 * Runs a machine until it powers off, with KVM if possible. `/dev/kvm` may exist and still fail, above all inside another
 * virtual machine: qemu then aborts, hangs or reports an error, and only a complete run proves that KVM works. If the run is
 * incomplete, the machine runs again by emulation. qemu can read the files of this machine but change none, and is killed
 * when flix ends. Returns the runs, of which only the last one can be complete. Throws `FlixError` `missing-tool`.
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
  /** Only if the console of the previous run matches. */
  readonly onlyAfter?: RegExp;
}

/**
 * With several emulated processors, one may run stale code after the kernel has patched itself, and the kernel panics
 * (qemu 7.2): then a single processor works.
 */
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
    text = (text + piece).slice(-CONSOLE_LENGTH);
    onConsole(piece);
  });
  // after such an error qemu does not exit, but pauses for a debugger
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
 * Has depmod(8) of this machine index kernel modules, and returns the files that it writes, by name. Executes nothing of the
 * root that has the modules, and writes nothing into it. Throws `FlixError` `missing-tool`, `tool-failed`.
 *
 * @param modules the directory with the modules of that release
 */
export async function indexModules(
  modules: string,
  release: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  return inPrivateDirectory(async directory => {
    const made = path.join(directory, 'lib/modules', release);
    fs.mkdirSync(made, { recursive: true });
    // depmod writes beside the modules that it reads; only newer versions have --outdir
    const linked = fs.readdirSync(modules);
    for (const name of linked) fs.symlinkSync(path.join(modules, name), path.join(made, name));
    await run('depmod', ['--basedir', directory, release]);
    const names = fs.readdirSync(made).filter(name => !linked.includes(name));
    return new Map(names.sort().map(name => [name, fs.readFileSync(path.join(made, name))]));
  });
}
