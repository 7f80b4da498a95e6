import { describe, expect, it } from 'vitest';
import { TraceReader } from '../../src/trial/trace.ts';

/** What strace prints until the command runs: a shell becomes bwrap, which looks around. */
const START = [
  '10    execve("/usr/bin/sh", [...], 0x7ffc /* 37 vars */) = 0',
  '10    openat(AT_FDCWD</>, "/before", O_RDONLY) = 3</before>',
  '10    execve("/usr/bin/bwrap", [...], 0x7ffc /* 37 vars */) = 0',
  '10    openat(AT_FDCWD</>, "/before", O_RDONLY) = 3</before>',
  "10    clone(child_stack=NULL, flags=CLONE_NEWNS|SIGCHLD) = 2 /* 12 in strace's PID NS */",
  '12    execve("/usr/bin/app", [...], 0x7ffc /* 3 vars */) = 0',
];

function read(...lines: string[]) {
  const reader = new TraceReader(2);
  for (const line of [...START, ...lines]) reader.line(line);
  return reader;
}

describe('TraceReader', () => {
  it('leaves out everything before the command', () => {
    expect(read()).toMatchObject({ uses: [], started: true });
    const reader = new TraceReader(2);
    for (const line of START.slice(0, -1)) reader.line(line);
    expect(reader).toMatchObject({ uses: [], started: false });
  });

  it('tells opened, missing and inaccessible files apart, and gives each use once', () => {
    const open = '12    openat(AT_FDCWD</>, "/lib/libc.so.6", O_RDONLY|O_CLOEXEC) = 3</usr/lib/libc.so.6>';
    const reader = read(
      open,
      open,
      '12    access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)',
      '12    stat("/etc/shadow/x", 0x7ffd) = -1 ENOTDIR (Not a directory)',
      '12    openat(AT_FDCWD</>, "/etc/shadow", O_RDONLY) = -1 EACCES (Permission denied)',
    );
    const program = '/usr/bin/app';
    expect(reader.uses).toEqual([
      { program, how: 'open', path: '/lib/libc.so.6', outcome: 'found', real: '/usr/lib/libc.so.6' },
      { program, how: 'look', path: '/etc/ld.so.preload', outcome: 'absent' },
      { program, how: 'look', path: '/etc/shadow/x', outcome: 'absent' },
      { program, how: 'open', path: '/etc/shadow', outcome: 'failed' },
    ]);
  });

  it('completes relative paths by the directory of the call, or by the working directory', () => {
    const reader = read(
      '12    openat(5</usr/share/app>, "data", O_RDONLY) = 6</usr/share/app/data>',
      '12    chdir("/srv")               = 0',
      '12    access("here", F_OK)  = 0',
      '12    newfstatat(AT_FDCWD</var/lib>, "there", 0x7ffd, 0) = 0',
      '12    readlink("now", 0x7ffd, 4096) = 4',
      '12    newfstatat(6</usr/share/app/data>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0',
    );
    expect(reader.uses.map(({ path }) => path)).toEqual([
      '/usr/share/app/data',
      '/srv',
      '/srv/here',
      '/var/lib/there',
      '/var/lib/now',
    ]);
  });

  it('joins calls that another process interrupted', () => {
    const reader = read(
      '12    clone3({flags=CLONE_VM|CLONE_VFORK, ...}, 88 <unfinished ...>',
      '13    openat(AT_FDCWD</>, "/a" <unfinished ...>',
      '14    openat(AT_FDCWD</>, "/c", O_RDONLY) = 3</c>',
      "12    <... clone3 resumed>) = 3 /* 13 in strace's PID NS */",
      '12    openat(AT_FDCWD</>, "/b", O_RDONLY) = 3</b>',
      '13    <... openat resumed>, O_RDONLY) = 3</a>',
    );
    expect(reader.uses.map(({ path, program }) => `${program} ${path}`)).toEqual([
      '/usr/bin/app /c', // seen before the call that made its process has returned
      '/usr/bin/app /b',
      '/usr/bin/app /a',
    ]);
  });

  it('attributes what a child does to its program, and its start to the parent’s program', () => {
    const reader = read(
      "12    vfork() = 3 /* 13 in strace's PID NS */",
      '13    execve("/usr/local/bin/helper", [...], 0x7ffd /* 3 vars */) = -1 ENOENT (No such file or directory)',
      '13    execve("/usr/bin/helper", [...], 0x7ffd /* 3 vars */) = 0',
      '13    openat(AT_FDCWD</>, "/etc/helper.conf", O_RDONLY) = 3</etc/helper.conf>',
      '12    openat(AT_FDCWD</>, "/etc/app.conf", O_RDONLY) = 3</etc/app.conf>',
    );
    expect(reader.uses.map(({ how, path, program }) => `${program} ${how} ${path}`)).toEqual([
      '/usr/bin/app run /usr/local/bin/helper',
      '/usr/bin/app run /usr/bin/helper',
      '/usr/bin/helper open /etc/helper.conf',
      '/usr/bin/app open /etc/app.conf',
    ]);
  });

  it('decodes escaped names', () => {
    const reader = read(
      String.raw`12    openat(AT_FDCWD</>, "/a \"b\"\n\303\274", O_RDONLY) = 3</a \"b\"\n\303\274>`,
    );
    expect(reader.uses[0]).toMatchObject({ path: '/a "b"\nü', real: '/a "b"\nü' });
  });

  it('ignores lines that it does not understand', () => {
    expect(read('', 'nonsense', '12 +++ exited with 0 +++', '12 openat(', '12    openat() = ?').uses).toEqual(
      [],
    );
  });
});
