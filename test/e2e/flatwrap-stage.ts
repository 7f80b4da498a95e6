import fs from 'node:fs';
import path from 'node:path';
import { inMergedHost } from '../lab/flatwrap/merged-host.ts';
import type { Stage } from '../lab/stage.ts';

export interface WrappedStage extends Pick<Stage, 'scratch' | 'data' | 'command'> {
  /** Libraries that the program itself mapped and that are not the staged ones, by the size that it saw. */
  readonly foreign: (program: string) => string[];
  /** All that it mapped, by path in the view. */
  readonly mapped: (program: string) => string[];
}

export interface WrappedRequest {
  readonly tree: string;
  readonly name: string;
  readonly host: string;
  readonly scratch: string;
  /** Who calls the wrapper. */
  readonly uid?: number;
}

const TRACE = ['-f', '-y', '-qq', '-s', '4096', '-e', 'trace=openat,execve,mmap,fstat,newfstatat'];

/** Lab hosts are minimal: the loopback has no name. */
const ENTER = `
mkdir -p /data
mount --bind /mnt /data
echo 127.0.0.1 localhost > /etc/hosts
cd /data
exec "$@"
`;

/** A wrapped tree merged over a host whose /usr nobody can write; the test's data is at /data. */
export function wrappedStage({ tree, name, host, scratch, uid = 0 }: WrappedRequest): WrappedStage {
  for (const directory of ['at', 'data']) fs.mkdirSync(path.join(scratch, directory), { recursive: true });
  const data = path.join(scratch, 'data');
  fs.chmodSync(data, 0o777);
  const log = path.join(scratch, 'strace.log');
  const asCaller = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const staged = path.join(tree, 'usr/local', name);
  return {
    scratch,
    data,
    command(argv, environment = {}) {
      const settings = Object.entries({ HOME: '/data', LANG: 'C.UTF-8', ...environment });
      const caller = ['env', ...settings.map(([key, value]) => `${key}=${value}`), ...asCaller, ...argv];
      const enter = ['sh', '-euc', ENTER, 'sh'];
      const inside = inMergedHost({ host, layers: [tree], scratch }, [...enter, ...caller]);
      return ['strace', ...TRACE, '-o', log, ...inside];
    },
    foreign: program =>
      [...libraries(log, program)]
        .filter(([file, size]) => size !== sizeOf(path.join(staged, inView(file, name))))
        .map(([file]) => inView(file, name)),
    mapped: program => [...libraries(log, program).keys()].map(file => inView(file, name)),
  };
}

/** Of a chroot the kernel tells where it lies on the host. */
function inView(file: string, name: string): string {
  return file.replace(`/usr/local/${name}/`, '/');
}

const FSTAT = /^\d+ +(?:new)?fstat(?:at)?\(\d+<(.*?)>.*st_size=(\d+)/;
const MAPPED = /^\d+ +mmap\(.*PROT_EXEC.*, \d+<(.*?)>, .* = 0x/;

/** What was mapped to be executed once the program itself had started, with its size. */
function libraries(log: string, program: string): Map<string, number | undefined> {
  const lines = fs.readFileSync(log, 'utf8').split('\n');
  // the wrapper bears the same name, and comes before
  const starts = lines.flatMap((line, i) =>
    line.includes(`execve("${program}"`) && line.endsWith(' = 0') ? [i] : [],
  );
  const own = lines.slice(starts.at(-1) ?? lines.length);
  const sizes = new Map(own.flatMap(line => [FSTAT.exec(line)?.slice(1) ?? []]).filter(isPair));
  const mapped = own.flatMap(line => MAPPED.exec(line)?.[1] ?? []);
  return new Map(mapped.map(file => [file, Number(sizes.get(file))]));
}

function isPair(match: readonly string[]): match is [string, string] {
  return match.length === 2;
}

function sizeOf(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.size;
}
