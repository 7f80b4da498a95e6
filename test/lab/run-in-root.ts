import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';

/** What a loader said about one file. */
export interface ProgramOutput {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RootCommand {
  readonly root: string;
  /** What is asked: a loader and its options; `-` runs each path itself, which is for files of our own only. */
  readonly command: readonly string[];
  readonly paths: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Give up root first. */
  readonly uid?: number;
  /** Mounts /proc into the root: a program that the kernel starts learns its own path there. */
  readonly proc?: boolean;
  /** A static qemu of this machine, which runs the command. */
  readonly emulator?: string | undefined;
}

const script = fileURLToPath(new URL('run-in-root.pl', import.meta.url));
const EMULATOR = '/.emulator';

/** In a mount namespace of its own: the root as the lower layer of a throwaway one, which gets /proc and the emulator. */
const STAGE = `
set -eu
root=$1 stage=$2 emulator=$3; shift 3
mount -t tmpfs flix-lab "$stage"
mkdir "$stage/upper" "$stage/work" "$stage/root"
mount -t overlay flix-lab -o "lowerdir=$root,upperdir=$stage/upper,workdir=$stage/work" "$stage/root"
mkdir -p "$stage/root/proc"
mount --bind /proc "$stage/root/proc"
[ -z "$emulator" ] || cp "$emulator" "$stage/root${EMULATOR}"
exec "$@"
`;

/** Runs a program of a root in a chroot, once for each path, two at a time. Needs root; the root is not written to. */
export async function runInRoot(request: RootCommand): Promise<ProgramOutput[]> {
  const { root, command, environment = {}, uid = 0, emulator } = request;
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const perl = (at: string) => [
    'perl',
    script,
    at,
    String(uid),
    '2',
    ...settings,
    '--',
    ...(emulator ? [EMULATOR] : []),
    ...command,
  ];
  if (!request.proc && emulator === undefined) return run(perl(root), request.paths);
  const { path: stage, cleanup } = await dir({ prefix: 'flix-stage-' });
  try {
    return await run(
      ['unshare', '--mount', 'sh', '-c', STAGE, 'sh', root, stage, emulator ?? '', ...perl(`${stage}/root`)],
      request.paths,
    );
  } finally {
    await cleanup();
  }
}

async function run(
  [program, ...options]: readonly string[],
  paths: readonly string[],
): Promise<ProgramOutput[]> {
  const { stdout } = await execa(program!, options, {
    input: paths.map(path => `${path}\0`).join(''),
    stripFinalNewline: false,
    maxBuffer: 1024 * 1024 * 1024,
  });
  return parseOutputs(stdout);
}

/** What `run-in-root.pl` writes, in the order of the paths that it was given. */
export function parseOutputs(stdout: string): ProgramOutput[] {
  const fields = stdout.split('\0');
  const answers: ProgramOutput[] = [];
  for (let at = 0; at + 4 < fields.length; at += 4) {
    const [index, status, out, error] = fields.slice(at, at + 4) as [string, string, string, string];
    answers[Number(index)] = { status: Number(status), stdout: out, stderr: error };
  }
  return answers;
}

/** A line of `ld.so` in trace mode. `path` is undefined: not found. */
export interface ListedLibrary {
  readonly name: string;
  readonly path: string | undefined;
}

/** `\tNAME => PATH (0xADDRESS)`, `\tPATH (0xADDRESS)` or `\tNAME => not found`, in load order; the vDSO is left out. */
export function readListing(stdout: string): ListedLibrary[] {
  const listed: ListedLibrary[] = [];
  for (const line of stdout.split('\n')) {
    const absent = /^\t(.*) => not found$/.exec(line);
    if (absent) listed.push({ name: absent[1]!, path: undefined });
    const found = /^\t(?:(.*?) => )?(.*) \(0x[0-9a-f]+\)$/.exec(line);
    if (found && !found[2]!.startsWith('linux-vdso') && !found[2]!.startsWith('linux-gate'))
      listed.push({ name: found[1] ?? found[2]!, path: found[2]! });
  }
  return listed;
}
