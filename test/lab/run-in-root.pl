# run-in-root.pl ROOT UID PARALLEL ENV... -- PROGRAM [ARGUMENT...]
# Runs a program of a root for each NUL-terminated path on standard input, with that path as the last argument. Writes
# the index, exit status, standard output and standard error of each run as NUL-terminated fields. If PROGRAM is `-`,
# runs the path itself.
#
# chroot(8) cannot be used: LD_TRACE_LOADED_OBJECTS in its environment would make its own loader print a listing.
use strict;
use warnings;
use Fcntl ':flock';
use POSIX ();

my ($root, $uid, $parallel) = splice @ARGV, 0, 3;
my %environment;
while (@ARGV and (my $setting = shift @ARGV) ne '--') {
    my ($name, $value) = split /=/, $setting, 2;
    $environment{$name} = $value;
}
my @command = @ARGV;
my @paths = do { local $/; split /\0/, <STDIN> // '' };
open my $null, '<', '/dev/null' or die "/dev/null: $!\n";
# one for each worker: a lock belongs to the open file description, which fork shares
my @locks = map { open my $lock, '<', $0 or die "$0: $!\n"; $lock } 1 .. $parallel;
chroot $root or die "chroot $root: $!\n";
chdir '/';
if ($uid) { $( = $) = "$uid $uid"; POSIX::setuid($uid) or die "setuid $uid: $!\n"; }
%ENV = (LC_ALL => 'C', %environment);

my $SECONDS = 20; # a loader that opens a FIFO waits for ever

sub run {
    my ($index, $lock) = @_;
    pipe my $out, my $out_end or die; pipe my $err, my $err_end or die;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        alarm $SECONDS;
        POSIX::dup2(fileno $null, 0); POSIX::dup2(fileno $out_end, 1); POSIX::dup2(fileno $err_end, 2);
        my @argv = @command;
        if ($argv[0] eq '-') { $argv[0] = $paths[$index] } else { push @argv, $paths[$index] }
        no warnings 'exec';
        exec { $argv[0] } @argv or print STDERR "exec $argv[0]: $!\n";
        POSIX::_exit(126);
    }
    close $out_end; close $err_end;
    # both at once: a program that fills the pipe nobody reads would wait until the alarm kills it
    my @pipes = ($out, $err);
    my @said = ('', '');
    while (grep { defined } @pipes) {
        my $open = '';
        vec($open, fileno $_, 1) = 1 for grep { defined } @pipes;
        select(my $ready = $open, undef, undef, undef);
        for my $i (0, 1) {
            next unless defined $pipes[$i] and vec($ready, fileno $pipes[$i], 1);
            sysread($pipes[$i], $said[$i], 1 << 16, length $said[$i]) or undef $pipes[$i];
        }
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    flock $lock, LOCK_EX; # long output takes several writes
    local $| = 1;
    print join("\0", $index, $status, @said), "\0";
    flock $lock, LOCK_UN;
}

my @workers;
for my $worker (0 .. $parallel - 1) {
    my $pid = fork // die "fork: $!\n";
    if ($pid) { push @workers, $pid; next }
    for (my $index = $worker; $index < @paths; $index += $parallel) { run($index, $locks[$worker]) }
    exit 0;
}
my $failed = 0;
for (@workers) { waitpid $_, 0; $failed ||= $? }
exit($failed ? 1 : 0);
