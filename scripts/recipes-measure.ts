import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';

/** A job of `flix build --plan json`. */
export interface PlannedJob {
  readonly id: string;
  readonly step: string;
  readonly extension?: string;
  /** `flix` and its arguments. */
  readonly command: readonly string[];
  readonly outputs: readonly string[];
  readonly key: string;
}

/** Processor time in seconds, and the size of the squashfs image. */
interface Cost {
  readonly vendor: number;
  readonly image: number;
  readonly bytes: number;
}

/** What an extension costs with flix, and with the first generation of scripts on the same root. */
export interface Measured {
  readonly flix: Cost;
  /** `null` if it has no program that the first generation of scripts could vendor. */
  readonly first: Cost | null;
}

/**
 * Measures an extension with flix and with the first generation of scripts. Keeps the result below `out`, and returns it again
 * until the root, the recipe or the code of flix changes.
 */
export function measured(name: string, jobs: readonly PlannedJob[], out: string): Measured {
  const vendor = jobs.find(job => job.extension === name && job.step === 'vendor')!;
  const kept = path.join(out, '.measured', `${name}.json`);
  const known = fs.existsSync(kept) ? (JSON.parse(fs.readFileSync(kept, 'utf8')) as Kept) : undefined;
  if (known?.key === vendor.key) return known.measured;
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-recipes-'));
  try {
    const result = measure(vendor, scratch);
    fs.mkdirSync(path.dirname(kept), { recursive: true });
    fs.writeFileSync(kept, `${JSON.stringify({ key: vendor.key, measured: result } satisfies Kept)}\n`);
    return result;
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

interface Kept {
  readonly key: string;
  readonly measured: Measured;
}

function measure({ extension, command, outputs: [tree] }: PlannedJob, scratch: string): Measured {
  const [own, image] = [path.join(scratch, 'tree'), path.join(scratch, `${extension!}.raw`)];
  const root = command[2]!;
  const vendor = command.slice(1).map((word, i) => (command[i] === '--out' ? own : word));
  const program = ['node', 'bin/flix.js'];
  const pack = [...program, 'pack', own, '--quiet', '--format', 'squashfs', '--output', image];
  const flix = costOf([...program, ...vendor], pack, image);
  const programs = programsOf(tree!, root);
  if (programs.length === 0) return { flix, first: null };
  const first = path.join(scratch, 'first');
  const make = ['mksquashfs', first, `${first}.raw`, '-all-root', '-quiet', '-no-progress'];
  const script = ['scripts/bench/first-generation', root, first, ...programs];
  return { flix, first: costOf(script, make, `${first}.raw`) };
}

function costOf(vendor: readonly string[], pack: readonly string[], image: string): Cost {
  return {
    vendor: processorSeconds(vendor),
    image: processorSeconds(pack),
    bytes: fs.statSync(image).size,
  };
}

/** Returns the entries of a tree that are dynamic programs of the root, without links to others. */
function programsOf(tree: string, root: string): string[] {
  const name = fs
    .readdirSync(path.join(tree, 'usr/local'))
    .find(each => fs.existsSync(path.join(tree, 'usr/local', each, 'manifest.json')));
  const file = path.join(tree, 'usr/local', name!, 'manifest.json');
  const { entries } = JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly entries: readonly string[] };
  return entries.filter(entry => {
    const place = root + entry;
    const isFile = fs.existsSync(place) && fs.lstatSync(place).isFile();
    return isFile && execaSync('patchelf', ['--print-interpreter', place], { reject: false }).exitCode === 0;
  });
}

/** Runs a command, and returns its processor time and that of its children. Throws if it fails. */
function processorSeconds(command: readonly string[]): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const { stderr } = execaSync('bash', ['-c', script, 'bash', ...command]);
  const [user, system] = stderr.trimEnd().split('\n').at(-1)!.split(' ').map(Number) as [number, number];
  return user + system;
}
