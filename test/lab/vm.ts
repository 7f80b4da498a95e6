import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { KERNEL_OPTIONS, type MachineRun, runMachine } from '../../src/io/machine.ts';
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
const COMMAND_LINE = [
  ...KERNEL_OPTIONS,
  'quiet',
  'systemd.unit=payload.target',
  'systemd.show_status=no',
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
  for (const tool of ['qemu-system-x86_64', 'bwrap', 'mmdebstrap', 'mkfs.erofs', 'cpio'])
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

/** Runs the machine and returns the directory of its results. Throws if it does not complete. */
async function resultsOf(machine: string, work: string): Promise<string> {
  const archived = path.join(work, 'results.tar');
  const results = path.join(work, 'results');
  const failures: string[] = [];
  fs.writeFileSync(archived, '');
  const files = [
    ...['kernel', 'initrd', 'root'].map(name => fs.openSync(path.join(machine, name), 'r')),
    fs.openSync(path.join(work, 'payload.tar'), 'r'),
    fs.openSync(archived, 'r+'),
  ];
  const [kernel, initrd, root, payload, output] = files as [number, number, number, number, number];
  const empty = () => {
    fs.truncateSync(archived, 0);
    fs.truncateSync(archived, RESULT_BYTES);
    fs.rmSync(results, { recursive: true, force: true });
    fs.mkdirSync(results);
  };
  const isComplete = async ({ accelerator, end, console }: MachineRun) => {
    const { stderr } = await execa('tar', ['-xf', archived, '-C', results], { reject: false });
    if (fs.existsSync(path.join(results, 'complete'))) return true;
    const written = fs.readdirSync(results, { recursive: true }).join(' ') || 'none';
    const journal = lastLines(path.join(results, 'journal'));
    failures.push(
      [`with ${accelerator}: ${end}`, `results: ${written}`, stderr, 'end of the console:']
        .concat(console, 'end of the journal:', journal)
        .join('\n'),
    );
    empty();
    return false;
  };
  empty();
  const disks = [root, payload].map(file => ({ file, readOnly: true }));
  const runs = await runMachine(
    {
      tool: 'qemu-system-x86_64',
      kernel,
      initrd,
      append: COMMAND_LINE,
      memory: 1536,
      disks: [...disks, { file: output, readOnly: false }],
      limitMs: LIMIT_MS,
    },
    isComplete,
  );
  for (const file of files) fs.closeSync(file);
  if (failures.length < runs.length) return results;
  throw new Error(`the virtual machine did not get through its cases\n${failures.join('\n')}`);
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
