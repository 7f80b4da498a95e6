import { execa } from 'execa';
import { stage } from '../../test/lab/stage.ts';
import type { Row } from './row.ts';
import { USER } from './run.ts';

/** The time from the start of a program to its end, in milliseconds: the median of several pairs of starts. */
export interface StartTimes {
  readonly wrapped: number;
  readonly native: number;
}

export interface Start {
  /** What was started. */
  readonly command: string;
  /** A text is the reason why there are no times. */
  readonly asRoot: StartTimes | string;
  readonly asUser: StartTimes | string;
}

const PAIRS = 7;
/** Seconds after which no further pair is started. */
const ENOUGH_S = 4;

/** Mounts the staged root of the tree so that programs can run in it without a view. */
const NATIVE = `
native="$at/root/native"
mkdir "$at/upper3" "$at/work3" "$native"
mount -t overlay flix-lab -o "lowerdir=$staged,upperdir=$at/upper3,workdir=$at/work3" "$native"
for directory in bin sbin lib lib64; do
  [ -e "$native/$directory" ] || [ ! -e "$native/usr/$directory" ] || ln -s "usr/$directory" "$native/$directory"
done
mkdir -p "$native/proc" "$native/dev" "$native/etc" "$native/data" "$native/tmp"
for directory in proc dev etc data; do mount --rbind "$at/root/$directory" "$native/$directory"; done
`;

/** Starts the command by its wrapper and in a chroot of the staged root in turn, and prints the medians in milliseconds. */
const TIME = `
my ($root, $uid, $pairs, $enough, @command) = @ARGV;
sub now { my $time = pack 'qq', 0, 0; syscall(228, 1, $time); my ($s, $ns) = unpack 'qq', $time; return $s * 1e3 + $ns / 1e6 }
chdir $root or die "$root: $!\\n";
my $here = '.';
syscall(155, $here, $here) == 0 and syscall(166, $here, 2) == 0 and chdir '/' or die "pivot_root $root: $!\\n";
%ENV = (PATH => '/usr/sbin:/usr/bin', HOME => '/data', LANG => 'C.UTF-8', TERM => 'xterm');
sub run {
  my ($native) = @_;
  my $from = now();
  my $pid = fork;
  if ($pid == 0) {
    if ($native) { chroot '/native' or die; chdir '/' }
    if ($uid) { $( = $uid; $) = "$uid $uid"; $< = $> = $uid }
    open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
    alarm 20;
    exec { $command[0] } @command or exit 127;
  }
  waitpid $pid, 0;
  return (now() - $from, $?);
}
my (@wrapped, @native);
my $until = now() + $enough * 1e3;
while (@wrapped < $pairs and (@wrapped < 3 or now() < $until)) {
  my ($wrapped, $status) = run(0);
  my ($native, $expected) = run(1);
  die "the wrapper ended with $status, and the program without it with $expected\\n" if $status != $expected;
  die "did not end\\n" if ($expected & 127) == 14;
  push @wrapped, $wrapped; push @native, $native;
}
sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[@sorted / 2] }
print median(@wrapped), ' ', median(@native), "\\n";
`;

/**
 * Compares the start of a wrapper over the host with that of its program in a chroot of the same staged root. `--version`
 * is the cheapest invocation of nearly all programs; a program without that option refuses it in both cases.
 */
export async function startTimes(
  { start, work, uid = 0 }: Row,
  {
    tree,
    staged,
    host,
    wrappers,
    scratch,
  }: {
    readonly tree: string;
    /** The staged root, inside the tree. */
    readonly staged: string;
    readonly host: string;
    readonly wrappers: ReadonlySet<string>;
    readonly scratch: string;
  },
): Promise<Start> {
  const named = (work.match(/\/(?:usr|opt)\/[\w/.+-]+/g) ?? []).find(path => wrappers.has(path));
  const command = start ?? [named ?? [...wrappers].sort()[0]!, '--version'];
  const place = stage({
    tree,
    host,
    scratch,
    sonames: undefined,
    prepare: `staged='${(tree + staged).replaceAll("'", String.raw`'\''`)}'\n${NATIVE}`,
  });
  const timesOf = async (user: number): Promise<StartTimes | string> => {
    const timing = ['perl', '-e', TIME, place.root, String(user), String(PAIRS), String(ENOUGH_S)];
    const [merge, ...argv] = place.merged(timing.concat(command));
    const { stdout, stderr, exitCode } = await execa(merge!, argv, {
      reject: false,
      stdin: 'ignore',
    });
    const [wrapped, native] = stdout.split(' ').map(Number);
    return exitCode === 0 && wrapped !== undefined && native !== undefined
      ? { wrapped, native }
      : stderr.trim().split('\n').at(-1)!;
  };
  return {
    command: command.join(' '),
    asRoot: uid === 0 ? await timesOf(0) : 'the row is that of a user',
    asUser: await timesOf(USER),
  };
}
