import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { archive, cacheDirectory } from './roots.ts';

/**
 * A virtual machine with systemd 257 as PID 1, dm-verity and a writable root. It boots once for all cases, which run
 * one after the other; each finds it as if it were the first.
 */

export interface VmCase {
  /** Images or directories, by the name that they get in /var/lib/extensions. They are merged before the script runs. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** PEM files for /etc/verity.d. */
  readonly certificates?: readonly string[];
  /** `--image-policy=` of the merge. */
  readonly policy?: string;
  /** A directory that is laid over the root before: units, configuration. It stays for the cases that follow. */
  readonly root?: string;
  /** For bash, as root, after the merge, whatever became of it. */
  readonly script: string;
}

export interface VmResult {
  readonly merge: { readonly status: number; readonly text: string };
  /** Names of the extensions that are in place. */
  readonly merged: readonly string[];
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const here = (name: string) => fileURLToPath(new URL(`../vm/${name}`, import.meta.url));
/** A minute where nothing else runs; a busy machine without KVM takes many times as long. */
const BOOT_MS = 1_000_000;
const RESULT_BYTES = 64 * 1024 * 1024;
/** What a machine without hardware does not need, and what takes long under emulation. */
const COMMAND_LINE = [
  'console=ttyS0',
  'quiet',
  'panic=-1',
  'mitigations=off',
  'random.trust_cpu=1',
  'systemd.unit=payload.target',
  'systemd.show_status=no',
  'module_blacklist=kvm,kvm_intel,kvm_amd,ahci,libata,psmouse,evdev,button,efi_pstore,qemu_fw_cfg',
].join(' ');

/** Makes the machine if it is not there yet. Says why there can be none here; `undefined`: there is one. */
export async function lacksVm(): Promise<string | undefined> {
  const lack = lacksParts();
  if (lack !== undefined) return lack;
  try {
    await madeMachine();
    return undefined;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    return `it could not be made (${stderr?.trim().split('\n').at(-1) ?? String(error)})`;
  }
}

function lacksParts(): string | undefined {
  if (process.getuid?.() !== 0) return 'this user is not root, who alone can make it';
  for (const tool of ['qemu-system-x86_64', 'mmdebstrap', 'mkfs.erofs', 'cpio'])
    if (execaSync('sh', ['-c', `command -v ${tool}`], { reject: false }).failed)
      return `${tool} is not installed`;
  return archive() ? undefined : 'apt has no package lists';
}

/** Boots and runs all cases. Throws if the machine does not come to its end. */
export async function runInVm<Name extends string>(
  cases: Readonly<Record<Name, VmCase>>,
): Promise<Readonly<Record<Name, VmResult>>> {
  const machine = await madeMachine();
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-vm-'));
  try {
    await writePayload(Object.values(cases), path.join(work, 'payload'));
    fs.writeFileSync(path.join(work, 'results.tar'), '');
    fs.truncateSync(path.join(work, 'results.tar'), RESULT_BYTES);
    await boot(machine, work);
    const results = path.join(work, 'results');
    fs.mkdirSync(results);
    const { failed } = await execa('tar', ['-xf', `${results}.tar`, '-C', results], { reject: false });
    if (failed) throw new Error(`the machine gave no results:\n${tail(path.join(work, 'console'))}`);
    const read = Object.keys(cases).map((name, i) => [name, readResult(path.join(results, `${i}`))]);
    return Object.fromEntries(read) as Record<Name, VmResult>;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Made once; made again when the recipe changes. */
async function madeMachine(): Promise<string> {
  const recipe = createHash('sha256')
    .update(fs.readFileSync(here('build')))
    .digest('hex')
    .slice(0, 8);
  const place = path.join(cacheDirectory, `vm.${recipe}`);
  fs.mkdirSync(cacheDirectory, { recursive: true });
  await execa('flock', [`${place}.lock`, here('build'), place, archive() ?? ''], { stdin: 'ignore' });
  return place;
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

/** A machine that is a virtual one itself may offer a KVM that cannot go on: then it is emulated. */
async function boot(machine: string, work: string): Promise<void> {
  const accelerated = fs.existsSync('/dev/kvm') && (await ends('kvm', machine, work));
  if (!accelerated) await ends('tcg', machine, work);
}

/** Runs the machine. `false`: KVM gave up. Throws if it does not come to its end. */
async function ends(accelerator: Accelerator, machine: string, work: string): Promise<boolean> {
  const running = execa('qemu-system-x86_64', argumentsFor(accelerator, machine, work), {
    reject: false,
    stdin: 'ignore',
    timeout: BOOT_MS,
    killSignal: 'SIGKILL',
  });
  // qemu says so and waits for somebody to look at it
  let gaveUp = false;
  running.stderr.on('data', chunk => {
    if (!/KVM internal error|KVM: entry failed/.test(String(chunk))) return;
    gaveUp = true;
    running.kill();
  });
  const { stderr, timedOut } = await running;
  if (timedOut) throw new Error(`the machine did not end:\n${stderr}\n${tail(`${work}/console`)}`);
  return !gaveUp && !/failed to initialize kvm/i.test(stderr);
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

function tail(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(-40).join('\n') : '';
}
