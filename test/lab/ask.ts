import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** What a loader said about one file. */
export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Question {
  readonly root: string;
  /** What is asked: a loader and its options; `-` runs each path itself, which is for files of our own only. */
  readonly command: readonly string[];
  readonly paths: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Give up root first. */
  readonly uid?: number;
  /** Mounts /proc into the root, in a mount namespace of its own: the kernel-started program learns its own path there. */
  readonly proc?: boolean;
}

const script = fileURLToPath(new URL('ask.pl', import.meta.url));
const WITH_PROC = 'mount --bind /proc "$1/proc" && shift && exec "$@"';

/** Runs a program of a root in a chroot, once for each path, two at a time. Needs root. */
export async function ask({
  root,
  command,
  paths,
  environment = {},
  uid = 0,
  proc = false,
}: Question): Promise<Answer[]> {
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const perl = ['perl', script, root, String(uid), '2', ...settings, '--', ...command];
  const [program, ...rest] = proc ? ['unshare', '--mount', 'sh', '-c', WITH_PROC, 'sh', root, ...perl] : perl;
  const { stdout } = await execa(program!, rest, {
    input: paths.map(path => `${path}\0`).join(''),
    stripFinalNewline: false,
    maxBuffer: 1024 * 1024 * 1024,
  });
  const fields = stdout.split('\0');
  const answers: Answer[] = [];
  for (let at = 0; at + 4 < fields.length; at += 4) {
    const [index, status, out, error] = fields.slice(at, at + 4) as [string, string, string, string];
    answers[Number(index)] = { status: Number(status), stdout: out, stderr: error };
  }
  return answers;
}

/** A line of `ld.so` in trace mode. `path` is undefined: not found. */
export interface Listed {
  readonly name: string;
  readonly path: string | undefined;
}

/** `\tNAME => PATH (0xADDRESS)`, `\tPATH (0xADDRESS)` or `\tNAME => not found`, in load order; the vDSO is left out. */
export function readListing(stdout: string): Listed[] {
  const listed: Listed[] = [];
  for (const line of stdout.split('\n')) {
    const absent = /^\t(.*) => not found$/.exec(line);
    if (absent) listed.push({ name: absent[1]!, path: undefined });
    const found = /^\t(?:(.*?) => )?(.*) \(0x[0-9a-f]+\)$/.exec(line);
    if (found && !found[2]!.startsWith('linux-vdso') && !found[2]!.startsWith('linux-gate'))
      listed.push({ name: found[1] ?? found[2]!, path: found[2]! });
  }
  return listed;
}
