import fs from 'node:fs';
import path from 'node:path';
import { inMergedHost } from '../lab/flatwrap/merged-host.ts';
import type { Stage } from '../lab/stage.ts';

export interface WrappedStage extends Pick<Stage, 'scratch' | 'data' | 'command'> {
  /** The libraries that the program mapped and that are not those of the tree, recognised by their size. */
  readonly foreign: (program: string) => string[];
  /** The libraries that the program mapped, by their paths in the view. */
  readonly mapped: (program: string) => string[];
}

export interface WrappedRequest {
  readonly tree: string;
  readonly name: string;
  readonly host: string;
  /** Directories to lay over the host, below the tree. */
  readonly layers?: readonly string[];
  readonly scratch: string;
  /** The user who calls the wrapper. */
  readonly uid?: number;
}

const TRACE = ['-f', '-y', '-qq', '-s', '4096', '-e', 'trace=openat,execve,mmap,fstat,newfstatat'];

/** Gives localhost a name, which minimal lab hosts do not have. */
const ENTER = `
mkdir -p /data
mount --bind /mnt /data
[ ! -d /data/etc ] || cp -r /data/etc/. /etc/
echo 127.0.0.1 localhost > /etc/hosts
cd /data
exec "$@"
`;

/** Merges a wrapped tree over a host with a read-only /usr. The data of the test is at /data. */
export function wrappedStage({
  tree,
  name,
  host,
  layers = [],
  scratch,
  uid = 0,
}: WrappedRequest): WrappedStage {
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
      const inside = inMergedHost({ host, layers: [tree, ...layers], scratch }, [...enter, ...caller]);
      return ['strace', ...TRACE, '-o', log, ...inside];
    },
    foreign: program =>
      [...libraries(log, program)]
        .filter(([file, size]) => size !== sizeOf(path.join(staged, inView(file, name))))
        .map(([file]) => inView(file, name)),
    mapped: program => [...libraries(log, program).keys()].map(file => inView(file, name)),
  };
}

/** Converts a path to one in the view: for a process in a chroot, the kernel reports paths of the host. */
function inView(file: string, name: string): string {
  return file.replace(`/usr/local/${name}/`, '/');
}

const FSTAT = /^\d+ +(?:new)?fstat(?:at)?\(\d+<(.*?)>.*st_size=(\d+)/;
const MAPPED = /^\d+ +mmap\(.*PROT_EXEC.*, \d+<(.*?)>, .* = 0x/;

/** The files that were mapped as executable after the program itself had started, with their sizes. */
function libraries(log: string, program: string): Map<string, number | undefined> {
  const lines = fs.readFileSync(log, 'utf8').split('\n');
  // the wrapper has the same path and starts first
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
