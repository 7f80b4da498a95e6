import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';

/** What one run of a program gave. */
export interface ProgramOutput {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RootCommand {
  readonly root: string;
  /** A program and its arguments, usually a loader; `-` runs each path itself, which is safe only for our own files. */
  readonly command: readonly string[];
  /** The command runs once for each path, which is its last argument. */
  readonly paths: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The user to run it as; default root. */
  readonly uid?: number;
  /** Mounts /proc in the root, where a program that the kernel starts finds its own path. */
  readonly proc?: boolean;
  /** A static qemu of this machine that runs the command. */
  readonly emulator?: string | undefined;
}

const script = fileURLToPath(new URL('run-in-root.pl', import.meta.url));
const EMULATOR = '/.emulator';

/** Runs in its own mount namespace: lays a temporary overlay over the root and adds /proc and the emulator to it. */
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

/** Runs a program of a root in a chroot, once for each path, two at a time. Writes nothing to the root. Needs root. */
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

/** Parses the output of run-in-root.pl. Returns one element for each path, in the order of the paths. */
export function parseOutputs(stdout: string): ProgramOutput[] {
  const fields = stdout.split('\0');
  const answers: ProgramOutput[] = [];
  for (let at = 0; at + 4 < fields.length; at += 4) {
    const [index, status, out, error] = fields.slice(at, at + 4) as [string, string, string, string];
    answers[Number(index)] = { status: Number(status), stdout: out, stderr: error };
  }
  return answers;
}

/** A line that `ld.so` prints in trace mode. `path` is undefined if the library was not found. */
export interface ListedLibrary {
  readonly name: string;
  readonly path: string | undefined;
}

/**
 * Reads lines `\tNAME => PATH (0xADDRESS)`, `\tPATH (0xADDRESS)` and `\tNAME => not found`, in load order. Leaves out the
 * vDSO.
 */
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
