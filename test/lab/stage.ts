import fs from 'node:fs';
import path from 'node:path';
import type { ElfFacts } from '../../src/elf/facts.ts';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { hostileEnvironment, addDecoys, MARKER } from './hostile-host.ts';
import { readTrace, type Trace, traceOptions } from './trace.ts';

export interface StageRequest {
  /** A finished tree. */
  readonly tree: string;
  /** The root to lay the tree over; `undefined` for none but /proc, /dev and the test's own data. */
  readonly host: string | undefined;
  /** An empty directory of the test. */
  readonly scratch: string;
  /**
   * The libraries of which the host gets decoys. The tree must have none of them in a default directory. `undefined`: the
   * host is not hostile; it has no decoys, and no variable points to them.
   */
  readonly sonames: readonly string[] | undefined;
  /** A shell script that runs before the command, outside the trace; `$at/root` is the merged root. */
  readonly prepare?: string;
  /** The user who runs the command; default root. */
  readonly uid?: number;
  /** The options of strace; default those that `readTrace` needs. */
  readonly tracing?: readonly string[];
}

/** A tree merged with a hostile host, while a command runs. */
export interface Stage {
  /** The directory of the request. */
  readonly scratch: string;
  /** A directory for the test's data; inside it is `/data`. Its `etc` is copied to the host's. */
  readonly data: string;
  /** The command, for this machine, that runs a program of the tree under strace. */
  command(argv: readonly string[], environment?: Readonly<Record<string, string>>): string[];
  /** What the program did. Call it after the program has ended. */
  trace(entry: string): Trace;
  /** The code from outside the tree that the program opened, mapped or started. */
  foreign(entry: string): string[];
}

/** Where a stage keeps what belongs to it, on this machine. */
export interface StagePlaces {
  /** Where the merged root is mounted while a command runs. */
  readonly root: string;
  /** A directory whose files are laid over the merged root. Fill it before the command runs. */
  readonly layer: string;
  /** The log of strace. */
  readonly log: string;
  /** The command, for this machine, that runs a program of this machine where the merged root is mounted. */
  merged(argv: readonly string[]): string[];
}

/** Runs in its own mount namespace, so that no mount remains even if the test is killed. */
const MERGE = `
set -eu
at=$1 lower=$2 decoys=$3 data=$4 prepare=$5; shift 5
mount -t tmpfs flix-lab "$at"
mkdir "$at/upper" "$at/work" "$at/root"
cp -a "$decoys/." "$at/upper"
mount -t overlay flix-lab -o "lowerdir=$lower,upperdir=$at/upper,workdir=$at/work" "$at/root"
mkdir -p "$at/root/proc" "$at/root/dev" "$at/root/data"
for directory in bin sbin lib lib64; do
  [ -e "$at/root/$directory" ] || ln -s "usr/$directory" "$at/root/$directory"
done
mount --rbind /proc "$at/root/proc"
# bind device nodes one by one, so that none of the machine's own can be replaced
mount -t tmpfs flix-lab "$at/root/dev"
for node in null zero full random urandom tty; do
  : > "$at/root/dev/$node"
  mount --bind "/dev/$node" "$at/root/dev/$node"
done
mkdir "$at/root/dev/pts" "$at/root/dev/shm"
mount --bind /dev/pts "$at/root/dev/pts"
ln -s pts/ptmx "$at/root/dev/ptmx"
mount --bind "$data" "$at/root/data"
[ ! -d "$data/etc" ] || cp -r "$data/etc/." "$at/root/etc/"
# so that the cache names decoys; nobody runs ldconfig after a merge on an ordinary host
[ ! -e "$at/root/etc/ld.so.preload" ] || ldconfig -r "$at/root" 2>/dev/null || :
eval "$prepare"
exec "$@"
`;

/** strace also traces this perl, but perl itself runs without the hostile variables. */
const ENTER = `
my $root = shift; my $uid = shift; my %env;
while (@ARGV and (my $setting = shift) ne '--') { my ($name, $value) = split /=/, $setting, 2; $env{$name} = $value }
# a new root of the mount namespace: in a chroot, the kernel refuses user namespaces
chdir $root or die "$root: $!\\n";
my $here = '.';
syscall(155, $here, $here) == 0 and syscall(166, $here, 2) == 0 and chdir '/data' or die "pivot_root $root: $!\\n";
if ($uid) { $( = $uid; $) = "$uid $uid"; $< = $> = $uid }
%ENV = %env; exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n";
`;

export function stage(request: StageRequest): Stage & StagePlaces {
  const { tree, host, scratch, sonames, prepare = '', uid = 0, tracing = traceOptions } = request;
  const place = (name: string) => path.join(scratch, name);
  for (const name of ['at', 'layer', 'data']) fs.mkdirSync(place(name), { recursive: true });
  if (sonames !== undefined) addDecoys(place('layer'), sonames);
  const root = place('at/root');
  const log = place('strace.log');
  const lower = host === undefined ? tree : `${tree}:${fs.realpathSync(host)}`;
  const inTree = (file: string) => {
    const real = realpath(tree + file);
    return real?.startsWith(`${tree}/`) === true && fs.statSync(real).isFile();
  };
  const places = [place('at'), lower, place('layer'), place('data'), prepare];
  const merged = (argv: readonly string[]) =>
    ['unshare', '--mount', 'sh', '-c', MERGE, 'merge'].concat(places, argv);
  return {
    scratch,
    merged,
    data: place('data'),
    root,
    layer: place('layer'),
    log,
    command(argv, environment = {}) {
      const hostile = sonames === undefined ? {} : hostileEnvironment;
      const variables = { ...hostile, HOME: '/data', LANG: 'C.UTF-8', ...environment };
      const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
      const enter = ['perl', '-e', ENTER, root, String(uid), ...settings, '--', ...argv];
      return merged(['strace', ...tracing, '-o', log, ...enter]);
    },
    trace: entry => readTrace(log, root, entry),
    foreign(entry) {
      const { opened, mapped, started } = readTrace(log, root, entry);
      const libraries = opened.filter(
        file => /\.so(?:\.|$)/.test(file) || facts((host ?? tree) + file) !== undefined,
      );
      // the kernel opens interpreters, which strace does not show
      const interpreters = started.flatMap(file => facts(tree + file)?.interpreter ?? []);
      const code = new Set([...libraries, ...mapped, ...started, ...interpreters]);
      const marker = fs.existsSync(place('data') + MARKER.slice('/data'.length)) ? [MARKER] : [];
      return [...[...code].filter(file => !inTree(file)), ...marker];
    },
  };
}

function facts(file: string): ElfFacts | undefined {
  const real = realpath(file);
  if (real === undefined || !fs.statSync(real).isFile()) return undefined;
  const bytes = fs.readFileSync(real);
  return bytes.subarray(1, 4).toString('latin1') === 'ELF' ? readElf(bytesReader(bytes)) : undefined;
}

function realpath(file: string): string | undefined {
  try {
    return fs.realpathSync(file);
  } catch {
    return undefined;
  }
}
