import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { archive, cacheDirectory } from './roots.ts';

/**
 * A virtual machine with systemd 257 as PID 1, dm-verity and a writable root. It boots once for all cases and runs them one
 * after the other; what a case merged and trusted is removed before the next one starts.
 */

export interface VmCase {
  /** Images or directories, keyed by their name in /var/lib/extensions. They are merged before the script runs. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** PEM files to copy to /etc/verity.d. */
  readonly certificates?: readonly string[];
  /** The `--image-policy=` of the merge. */
  readonly policy?: string;
  /** A directory whose contents are copied over the root first: units, configuration. They stay for the cases that follow. */
  readonly root?: string;
  /**
   * Run by bash as root after the merge, even if that failed. `wait_for TEXT COMMAND` waits until the command prints the
   * text, and prints what the command printed last.
   */
  readonly script: string;
}

export interface VmResult {
  readonly merge: { readonly status: number; readonly text: string };
  /** The names of the merged extensions. */
  readonly merged: readonly string[];
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const here = (name: string) => fileURLToPath(new URL(`../vm/${name}`, import.meta.url));
/** Only a machine that hangs reaches it: an idle computer takes a minute, a busy one without KVM many times as long. */
const LIMIT_MS = 2_400_000;
const RESULT_BYTES = 64 * 1024 * 1024;
/** Leaves out modules that this machine does not need or that are slow under emulation, and lengthens systemd's limits. */
const COMMAND_LINE = [
  'console=ttyS0',
  'quiet',
  'panic=-1',
  'mitigations=off',
  'random.trust_cpu=1',
  'systemd.unit=payload.target',
  'systemd.default_timeout_start_sec=900',
  'systemd.default_device_timeout_sec=900',
  'systemd.show_status=no',
  'module_blacklist=kvm,kvm_intel,kvm_amd,ahci,libata,psmouse,evdev,button,efi_pstore,qemu_fw_cfg',
].join(' ');

/** Builds the machine unless it exists. Returns why this computer cannot have one, or `undefined` if it has one. */
export async function whyNoVm(): Promise<string | undefined> {
  const missing = missingRequirement();
  if (missing !== undefined) return missing;
  try {
    await builtMachine();
    return undefined;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    return `it could not be built (${stderr?.trim().split('\n').at(-1) ?? String(error)})`;
  }
}

function missingRequirement(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can build it';
  for (const tool of ['qemu-system-x86_64', 'mmdebstrap', 'mkfs.erofs', 'cpio'])
    if (execaSync('sh', ['-c', `command -v ${tool}`], { reject: false }).failed)
      return `${tool} is not installed`;
  return archive() ? undefined : 'apt has no package lists';
}

/** Boots the machine and runs all cases. Throws with the guest's last words if it does not get through them. */
export async function runInVm<Name extends string>(
  cases: Readonly<Record<Name, VmCase>>,
): Promise<Readonly<Record<Name, VmResult>>> {
  const machine = await builtMachine();
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-vm-'));
  try {
    await writePayload(Object.values(cases), path.join(work, 'payload'));
    const results = await resultsOf(machine, work);
    const read = Object.keys(cases).map((name, i) => [name, readResult(path.join(results, `${i}`))]);
    return Object.fromEntries(read) as Record<Name, VmResult>;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Builds the machine once, and again when test/vm/build changes. Returns its directory. */
async function builtMachine(): Promise<string> {
  const version = createHash('sha256')
    .update(fs.readFileSync(here('build')))
    .digest('hex')
    .slice(0, 8);
  const directory = path.join(cacheDirectory, `vm.${version}`);
  fs.mkdirSync(cacheDirectory, { recursive: true });
  await execa('flock', [`${directory}.lock`, here('build'), directory, archive() ?? ''], { stdin: 'ignore' });
  return directory;
}

async function writePayload(cases: readonly VmCase[], payload: string): Promise<void> {
  for (const [i, { extensions = {}, certificates = [], policy, root, script }] of cases.entries()) {
    const at = (...parts: string[]) => path.join(payload, `${i}`, ...parts);
    for (const directory of ['extensions', 'certificates', 'root'])
      fs.mkdirSync(at(directory), { recursive: true });
    for (const [name, source] of Object.entries(extensions))
      await execa('cp', ['-a', '--', fs.realpathSync(source), at('extensions', name)]);
    for (const [number, file] of certificates.entries())
      fs.copyFileSync(file, at('certificates', `${number}.crt`));
    if (root !== undefined) await execa('cp', ['-a', '--', `${root}/.`, at('root')]);
    fs.writeFileSync(at('policy'), policy ?? '');
    fs.writeFileSync(at('script'), script);
  }
  fs.copyFileSync(here('guest'), path.join(payload, 'run'));
  await execa('tar', ['--xattrs', '-cf', `${payload}.tar`, '-C', payload, '.']);
}

type Accelerator = 'kvm' | 'tcg';

/**
 * Runs the machine and returns the directory of its results. KVM may be there and fail, above all in a computer that is a
 * virtual machine itself, and qemu then aborts, hangs or stops with an error; only complete results show that it worked.
 * Without them the machine is run again by emulation. Throws if that does not complete either.
 */
async function resultsOf(machine: string, work: string): Promise<string> {
  const failures: string[] = [];
  const accelerators: Accelerator[] = fs.existsSync('/dev/kvm') ? ['kvm', 'tcg'] : ['tcg'];
  for (const accelerator of accelerators) {
    const archived = path.join(work, 'results.tar');
    fs.writeFileSync(archived, '');
    fs.truncateSync(archived, RESULT_BYTES);
    const end = await runMachine(accelerator, machine, work);
    const results = path.join(work, `results-${accelerator}`);
    fs.mkdirSync(results);
    const { stderr } = await execa('tar', ['-xf', archived, '-C', results], { reject: false });
    if (fs.existsSync(path.join(results, 'complete'))) return results;
    const written = fs.readdirSync(results, { recursive: true }).join(' ') || 'none';
    failures.push(
      [
        `with ${accelerator}: ${end}`,
        `results: ${written}`,
        stderr,
        'end of the console:',
        lastLines(path.join(work, 'console')),
        'end of the journal:',
        lastLines(path.join(results, 'journal')),
      ].join('\n'),
    );
  }
  throw new Error(`the virtual machine did not get through its cases\n${failures.join('\n')}`);
}

/** Runs the machine until it powers off, and returns how qemu ended and what it wrote on standard error. */
async function runMachine(accelerator: Accelerator, machine: string, work: string): Promise<string> {
  fs.rmSync(path.join(work, 'console'), { force: true });
  const running = execa('qemu-system-x86_64', argumentsFor(accelerator, machine, work), {
    reject: false,
    stdin: 'ignore',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  // after such an error qemu stays up, paused, for somebody to inspect it
  running.stderr.on('data', chunk => {
    if (/KVM internal error|KVM: entry failed/.test(String(chunk))) running.kill();
  });
  const { exitCode, signal, timedOut, stderr } = await running;
  const end = timedOut ? `ran longer than ${LIMIT_MS / 60_000} minutes` : `ended with ${signal ?? exitCode}`;
  return `qemu ${end}\n${stderr}`;
}

function argumentsFor(accelerator: Accelerator, machine: string, work: string): string[] {
  const options = {
    machine: 'q35',
    accel: accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi',
    cpu: accelerator === 'kvm' ? 'host' : 'max',
    smp: '2',
    m: '1536',
    display: 'none',
    serial: `file:${work}/console`,
    device: 'virtio-rng-pci',
    kernel: `${machine}/kernel`,
    initrd: `${machine}/initrd`,
    append: COMMAND_LINE,
  };
  const drives = [
    `file=${machine}/root,readonly=on`,
    `file=${work}/payload.tar,readonly=on`,
    `file=${work}/results.tar,cache=unsafe`,
  ].flatMap(drive => ['-drive', `${drive},format=raw,if=virtio`]);
  return [
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    ...Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]),
    ...drives,
  ];
}

function readResult(directory: string): VmResult {
  const read = (name: string) => fs.readFileSync(path.join(directory, name), 'utf8');
  const status = JSON.parse(read('merged') || '[]') as { extensions: string[] | 'none' }[];
  return {
    merge: { status: Number(read('merge-status')), text: read('merge') },
    merged: status.flatMap(({ extensions }) => (extensions === 'none' ? [] : extensions)),
    status: Number(read('status')),
    stdout: read('stdout'),
    stderr: read('stderr'),
  };
}

/** The last lines of a file, or that there is none. */
function lastLines(file: string): string {
  return fs.existsSync(file)
    ? fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-40).join('\n')
    : '(none)';
}
