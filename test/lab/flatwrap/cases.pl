# cases.pl SCRATCH PROGRAM CASE...: calls the probe in the way of each case, and prints what a caller notices, one line
# a case: its name, a tab, and the rest with %-escapes. The native program and the wrapped one get the same cases.
use strict;
use warnings;
use Fcntl;
use POSIX qw(:signal_h :sys_wait_h setsid dup2 _exit);

my ($scratch, $program, @wanted) = @ARGV;
my $parent = $$;
$SIG{ALRM} = sub { die "timeout\n" };

# {set} runs in the child before it becomes the program, {while} in the parent as it runs
sub call {
    my ($arguments, %how) = @_;
    my ($in, $out, $err) = map { "$scratch/$_.$$" } qw(in out err);
    write_file($in, $how{input} // '');
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        POSIX::close($_) for 0 .. 2;
        sysopen(my $i, $in, O_RDONLY) and sysopen(my $o, $out, O_RDWR | O_CREAT | O_TRUNC) and sysopen(my $e, $err, O_RDWR | O_CREAT | O_TRUNC) or _exit 98;
        dup2(fileno $i, 0); dup2(fileno $o, 1); dup2(fileno $e, 2);
        $^F = 255;
        eval { $how{set}->() if $how{set}; 1 } or _exit 96;
        exec { $program } $program, @$arguments or _exit 97;
    }
    $how{while}->($pid, $out) if $how{while};
    waitpid $pid, 0;
    my $text = ended($?) . "\n" . read_file($out);
    my $said = read_file($err);
    unlink $in, $out, $err;
    $text .= "stderr: $said" if $said ne '';
    $text =~ s/\Q$scratch\E/SCRATCH/g;
    $text =~ s/\b$pid\b/PID/g;
    $text =~ s/\b$parent\b/PARENT/g;
    return $text;
}

sub ended { my $status = shift; WIFSIGNALED($status) ? 'signal ' . WTERMSIG($status) : 'exit ' . WEXITSTATUS($status) }
sub write_file { my ($path, $text) = @_; open my $f, '>:raw', $path or die "$path: $!"; print $f $text; close $f }
sub read_file { my $path = shift; open my $f, '<:raw', $path or return "no $path: $!"; local $/; my $t = <$f>; return $t // '' }
sub pause { select undef, undef, undef, shift }
sub until_text { my ($path, $text) = @_; for (1 .. 400) { return if -e $path && read_file($path) =~ /$text/; pause 0.02 } print STDERR "never: $text\n" }

sub stopped { my $pid = shift; for (1 .. 100) { return 'stopped' if read_file("/proc/$pid/stat") =~ /\) T /; pause 0.02 } return 'not stopped' }

# a directory of the case's own
sub fresh { my $path = "$scratch/" . shift; mkdir $path or die "$path: $!"; return $path }
sub limit { my ($which, @values) = @_; my $pair = pack 'Q2', @values; syscall(160, $which, $pair) == 0 or die "setrlimit: $!" }
sub size { my ($terminal, @values) = @_; my $size = pack 'S4', @values, 0, 0; ioctl $terminal, 0x5414, $size or die "TIOCSWINSZ: $!" }
sub in {
    my ($directory, $remove) = @_;
    my ($device, $inode) = stat $directory or return "no $directory";
    my $seen = call(['directory'], set => sub { chdir $directory or die; rmdir $directory if $remove; $ENV{PWD} = $directory });
    my $there = sprintf '%x:%d', $device, $inode;
    $seen =~ s/^\Q$there\E$/there/m;
    return $seen;
}
sub environment {
    my %environment = @_;
    my @seen = split /\n/, call(['environment'], set => sub { chdir '/'; %ENV = %environment });
    return join "\n", sort @seen;
}

sub signals {
    my @sent = @_;
    return call(['wait'], while => sub {
        my ($pid, $out) = @_;
        until_text($out, 'ready');
        for my $signal (@sent) { kill $signal, $pid; until_text($out, "signal $signal") }
    });
}

# runs the command on a terminal of its own as the leader of a session; what is typed comes after `ready`
sub on_terminal {
    my ($arguments, $while) = @_;
    sysopen(my $master, '/dev/ptmx', O_RDWR | O_NOCTTY) or die "/dev/ptmx: $!";
    my $number = pack 'i', 0;
    ioctl $master, 0x40045431, $number;
    ioctl $master, 0x80045430, $number;
    my $name = '/dev/pts/' . unpack 'i', $number;
    my $pid = fork // die;
    if (!$pid) {
        setsid();
        sysopen(my $slave, $name, O_RDWR) or _exit 98;
        my $steal = 0;
        ioctl $slave, 0x540E, $steal;
        size($slave, 31, 97);
        dup2(fileno $slave, $_) for 0 .. 2;
        exec { $program } $program, @$arguments or _exit 97;
    }
    my $text = '';
    my $read = sub {
        my $until = shift;
        while ($text !~ /$until/) {
            my $ready = '';
            vec($ready, fileno $master, 1) = 1;
            select($ready, undef, undef, 10) or return $text .= "silent\n";
            sysread $master, $text, 4096, length $text or last;
        }
    };
    pause 0.02 until -e $name;
    $while->($pid, $master, $read) if $while;
    $read->('\0never');
    waitpid $pid, 0;
    $text =~ s/\Q$name\E/TERMINAL/g;
    return ended($?) . "\n$text";
}

my @bytes = (join('', map { chr } 1 .. 127), join('', map { chr } 128 .. 255), '', ' ', "a\nb\n", '$HOME `id` $(id)', q{'"\\}, '--help', '-', '--', '*', "\xff\xfe");

my %cases = (
    'arguments byte for byte' => sub { call(['arguments', @bytes]) },
    'a first argument that looks like an option' => sub { call(['run', '--version']) },
    'a thousand arguments' => sub { call(['arguments', map { "argument $_" } 1 .. 1000]) },
    'environment' => sub {
        my %usual = (PATH => '/nowhere', HOME => '/home/user', LC_ALL => 'C', PWD => '/', OLDPWD => '/tmp', SHLVL => 3);
        my %odd = (ODD => "a\tb \xff'\"\$x", EMPTY => '', ENV => '/nowhere', BASH_ENV => '/nowhere');
        my %ours = map { $_ => 'mine' } qw(uid gid name prefix table root here key id value new try why);
        environment(%usual, %odd, %ours);
    },
    'an empty environment' => sub { environment() },
    'a variable whose name is no name for sh' => sub { environment('a.b' => 1, PWD => '/', OLDPWD => '/', SHLVL => 1, _ => 'x') },
    'exit codes' => sub {
        join ' ', map {
            my $code = $_;
            my $pid = fork // die "fork: $!";
            exec { $program } $program, 'exit', $code or _exit 97 if !$pid;
            waitpid $pid, 0;
            ended($?);
        } split / /, $ENV{CODES};
    },
    'death by signal' => sub { join "\n", map { call(['kill', $_]) } SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM },
    'SIGTERM' => sub { signals(SIGTERM) },
    'SIGINT, SIGHUP, SIGWINCH, SIGUSR1' => sub { signals(SIGINT, SIGHUP, 28, SIGUSR1, SIGTERM) },
    'stop and continue' => sub {
        my $seen = '';
        call(['wait'], while => sub {
            my ($pid, $out) = @_;
            until_text($out, 'ready');
            kill SIGSTOP, $pid;
            $seen = stopped($pid);
            kill SIGCONT, $pid;
            until_text($out, 'signal 18');
            kill SIGTERM, $pid;
        }) . $seen;
    },
    'umask, limits, signal masks, pid and children' => sub {
        call(['process'], set => sub {
            umask 0135;
            $SIG{HUP} = $SIG{PIPE} = 'IGNORE';
            POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR2));
            POSIX::nice(3);
            limit(7, 300, 400); # RLIMIT_NOFILE
            limit(4, 4096, 8192); # RLIMIT_CORE
        });
    },
    'open files' => sub {
        call(['descriptors'], set => sub {
            my $file = POSIX::open('/etc/passwd', O_RDONLY);
            dup2($file, $_) for grep { $_ != $file } 3, 7, 9, 10, 11, 63, 255;
        });
    },
    'closed standard files' => sub {
        unlink "$scratch/made.$$";
        call(['write', "$scratch/made.$$"], set => sub { POSIX::close(0) });
    },
    'ids and groups' => sub { call(['ids']) },
    'capabilities' => sub { call(['capabilities']) },
    'files it makes' => sub { my $at = fresh('made'); my $r = call(['write', "$at/file"], set => sub { umask 0027 }); unlink "$at/file"; rmdir $at; $r },
    'standard input by a pipe' => sub {
        my $text = join '', map { "line $_\n" } 1 .. 20000;
        my $pid = open my $to, '-|' // die;
        if (!$pid) { open STDOUT, '>&', \*STDOUT; open my $p, '|-', $program, 'copy' or die; print $p $text; close $p; _exit 0 }
        local $/; my $got = <$to>; close $to;
        $got eq $text ? 'all' : 'not all: ' . length $got;
    },
    'a here-document' => sub { open my $p, '-|', '/bin/sh', '-c', "\"\$0\" copy <<'end'\nin \$a\nhere-document\nend\n", $program or die; local $/; my $t = <$p>; close $p; ended($?) . "\n$t" },
    'devices' => sub { call(['devices'], set => sub { setsid() }) },
    'a terminal' => sub { on_terminal(['terminal']) },
    'SIGINT and SIGWINCH of a terminal' => sub {
        on_terminal(['wait'], sub {
            my ($pid, $master, $read) = @_;
            $read->('ready'); syswrite $master, "\x03"; $read->('signal 2');
            size($master, 40, 120); $read->('signal 28');
            kill SIGTERM, $pid;
        });
    },
    'job control' => sub {
        my $seen = '';
        on_terminal(['copy'], sub {
            my ($pid, $master, $read) = @_;
            syswrite $master, "before\n"; $read->('before\r\nbefore');
            # a session's leader is stopped by nothing from its terminal: SIGSTOP is what a shell sees of ^Z
            kill SIGSTOP, $pid; $seen = stopped($pid);
            kill SIGCONT, $pid; syswrite $master, "after\n"; $read->('after\r\nafter'); syswrite $master, "\x04";
        }) . $seen;
    },
    'the root directory' => sub { in('/') },
    'directories' => sub { join '', map { "$_: " . in($_) } '/root', '/tmp', '/etc', '/home/user', '/var/tmp', '/proc', "/home/user/a b\n'c'" },
    'a directory of /usr' => sub { in('/usr/share/doc') },
    'a directory that only the host has' => sub { in('/srv/data/deep') . in('/data') },
    'a deleted directory' => sub { my $at = fresh('deleted'); in($at, 1) . (rmdir($at) ? 'left over' : '') },
    'a directory that cannot be listed' => sub { my $at = fresh('closed'); chmod 0311, $at; my $r = in($at); rmdir $at; $r },
    'nested calls' => sub { call(['run', $ENV{ENTRY}, 'run', $ENV{ENTRY}, 'exit', '7']) },
    'nested user namespaces' => sub { call(['namespaces']) },
    'many at a time' => sub {
        my @pids = map { my $n = $_; my $pid = fork // die; if (!$pid) { exec $program, 'exit', $n or _exit 97 } $pid } 1 .. 12;
        join ' ', map { waitpid $_, 0; ended($?) } @pids;
    },
    'whose libc' => sub { call(['libc']) },
);

$| = 1;
for my $name (@wanted ? @wanted : sort keys %cases) {
    alarm 240;
    my $result = eval { $cases{$name}->() } // "died: $@";
    $result =~ s/([^\x21-\x24\x26-\x7e])/sprintf '%%%02x', ord $1/ge;
    print "$name\t$result\n";
}
