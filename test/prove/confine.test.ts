import fs from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { runConfinedEach } from '../../src/io/confine.ts';
import { withReadableTree } from '../../src/prove/readable-tree.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

/** Tries what a hostile loader would try, in a root that has nothing but itself, and prints what it achieved. */
const HOSTILE = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
extern char **environ;
int main(int argc, char **argv) {
  struct { unsigned version; int pid; } header = { 0x20080522, 0 };
  struct { unsigned effective, permitted, inheritable; } caps[2];
  syscall(SYS_capget, &header, caps);
  for (int i = 0; i < 2; i++)
    if (caps[i].effective | caps[i].permitted | caps[i].inheritable) puts("capabilities");
  for (int cap = 0; cap < 41; cap++)
    if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) puts("bounding set");
  if (getuid() == 0 || geteuid() == 0 || getgid() == 0) puts("root");
  if (getgroups(0, 0) > 0 && getuid() != 65534) puts("groups");
  for (char **variable = environ; *variable; variable++) printf("variable %s\\n", *variable);
  for (int fd = 3; fd < 1024; fd++) {
    char name[64]; struct stat is;
    if (fstat(fd, &is) == 0 && !S_ISCHR(is.st_mode)) printf("descriptor %d\\n", fd);
  }
  int root = open("/", O_RDONLY | O_DIRECTORY);
  mkdir("/e", 0700);
  if (chroot("/") == 0 || unshare(CLONE_NEWUSER) == 0) {
    puts("a way out of the root");
    fchdir(root);
    for (int i = 0; i < 64; i++) chdir("..");
    chroot(".");
  }
  int file = open(argv[1], O_CREAT | O_WRONLY, 0644);
  if (file >= 0) puts("wrote outside");
  if (mount("none", "/", "tmpfs", 0, 0) == 0) puts("mount");
  int other = atoi(argv[2]);
  if (kill(other, 0) == 0) puts("sees another process");
  if (ptrace(PTRACE_ATTACH, other, 0, 0) == 0) puts("traces another process");
  struct sockaddr_un abstract = { .sun_family = AF_UNIX };
  memcpy(abstract.sun_path + 1, argv[3], strlen(argv[3]));
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(s, (void *)&abstract, sizeof(sa_family_t) + 1 + strlen(argv[3])) == 0) puts("reaches an abstract socket");
  struct sockaddr_in port = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[4])), .sin_addr = { htonl(INADDR_LOOPBACK) } };
  s = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(s, (void *)&port, sizeof port) == 0) puts("reaches the network");
  return 0;
}
`;

/** @param as a command line that runs another */
async function achievements(...as: string[]): Promise<string> {
  fs.mkdirSync(at('tree'));
  execaSync('gcc', ['-static', '-x', 'c', '-', '-o', at('tree/loader')], { input: HOSTILE });
  const listen = (where: { port: number } | { path: string }) =>
    new Promise<net.Server>(resolve => {
      const server = net.createServer().listen(where, () => resolve(server));
    });
  const name = `flix-test-${process.pid}`;
  const [tcp, unix] = [await listen({ port: 0 }), await listen({ path: `\0${name}` })];
  const other = execa('sleep', ['100'], { reject: false });
  const command = [at('outside'), String(other.pid), name, String((tcp.address() as net.AddressInfo).port)];
  try {
    const script = [TSX, fileURLToPath(new URL('../io/run-confined.ts', import.meta.url)), at('tree')];
    const [tool, ...args] = [...as, process.execPath, ...script, '/loader', ...command];
    const { stdout, stderr } = await execa(tool!, args);
    return stdout + stderr;
  } finally {
    other.kill();
    tcp.close();
    unix.close();
  }
}

const TSX = fileURLToPath(import.meta.resolve('tsx/cli'));
const AS_USER = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'];

describe('a hostile program that flix runs', () => {
  it.runIf(has('chroot', 'userNamespace', 'tool:gcc'))(
    'has no privileges and sees nothing of the machine, if flix is run by root',
    async () => {
      expect(await achievements()).toBe('');
      expect(fs.existsSync(at('outside'))).toBe(false);
    },
  );

  it.runIf(has('chroot', 'userNamespace', 'tool:gcc', 'tool:setpriv'))(
    'has none if another user runs flix',
    async () => {
      fs.chmodSync(at(), 0o755);
      expect(await achievements(...AS_USER)).toBe('');
    },
  );

  it.runIf(has('chroot', 'userNamespace', 'tool:gcc'))(
    'sees no descriptor that the caller of flix left open',
    async () => {
      expect(
        await achievements('bash', '-c', 'exec 5</etc/hosts 30</etc/passwd 900</etc/group; exec "$@"', '-'),
      ).toBe('');
    },
  );
});

/** Prints its argument; `kill` ends it, `parent` tries to end whatever waits for it, and others give the exit status. */
const TALKS = `
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
  printf("out %s", argv[1]);
  fprintf(stderr, "err %s", argv[1]);
  fflush(stdout);
  if (strcmp(argv[1], "kill") == 0) raise(SIGKILL);
  if (strcmp(argv[1], "parent") == 0) kill(getppid(), SIGKILL);
  return atoi(argv[1]);
}
`;

describe('runs of a hostile program in one confinement', () => {
  it.runIf(has('chroot', 'userNamespace', 'tool:gcc'))(
    'each have their own output and status, whatever the arguments are',
    async () => {
      fs.mkdirSync(at('tree'));
      execaSync('gcc', ['-static', '-x', 'c', '-', '-o', at('tree/loader')], { input: TALKS });
      fs.chmodSync(at(), 0o755);
      const all = ['3', '$(id) "x"', '0\n7', 'kill', '5'];
      const results = await runConfinedEach(at('tree'), ['/loader'], all);
      expect(results.map(({ stdout }) => stdout)).toEqual(all.map(text => `out ${text}`));
      // the shell may add that a program was killed
      expect(all.filter((text, i) => !results[i]!.stderr.startsWith(`err ${text}`))).toEqual([]);
      expect(results.map(({ exitCode }) => exitCode)).toEqual([3, 0, 0, 137, 5]);
    },
  );

  it.runIf(has('chroot', 'userNamespace', 'tool:gcc'))(
    'never count as successful if the program ends the shell that starts it',
    async () => {
      fs.mkdirSync(at('tree'));
      execaSync('gcc', ['-static', '-x', 'c', '-', '-o', at('tree/loader')], { input: TALKS });
      const results = await runConfinedEach(at('tree'), ['/loader'], ['parent', '0']);
      const isRoot = process.getuid!() === 0;
      // nobody cannot send a signal to root, but an ordinary user is the same user in its namespaces
      if (isRoot) expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      else expect(results.every(({ exitCode }) => exitCode !== 0)).toBe(true);
    },
  );

  it.runIf(has('chroot', 'userNamespace'))(
    'all fail with the reason if the program is not there',
    async () => {
      fs.mkdirSync(at('tree'));
      const results = await runConfinedEach(at('tree'), ['/loader'], ['1', '2']);
      expect(results).toEqual(
        Array.from({ length: 2 }, () => ({
          stdout: '',
          stderr: expect.stringMatching(/(?:chroot|unshare): .*No such file/) as string,
          exitCode: 127,
        })),
      );
    },
  );
});

describe('the proof of a tree whose files are closed to others', () => {
  it.runIf(has('root'))(
    'copies only files that nobody may read, and a loader that nobody may execute',
    async () => {
      const files = { 'ld.so': 0o755, 'libc.so': 0o644, app: 0o755 };
      fs.mkdirSync(at('tree'), { mode: 0o755 });
      const usedWith = async (modes: Record<string, number>) => {
        for (const [name, mode] of Object.entries({ ...files, ...modes })) {
          fs.writeFileSync(at('tree', name), name);
          fs.chmodSync(at('tree', name), mode);
        }
        const tree = directoryView(at('tree'), { label: 'tree' });
        const expected = [
          { object: '/app', optional: false, loads: ['/libc.so'], lacks: [], unlisted: false },
        ];
        return withReadableTree(
          { directory: at('tree'), tree, loader: '/ld.so', expected },
          undefined,
          async used =>
            used === at('tree')
              ? 'the tree'
              : Object.keys(files).filter(name => fs.statSync(`${used}/${name}`).nlink === 1),
        );
      };
      expect(await usedWith({})).toBe('the tree');
      expect(await usedWith({ app: 0o700 })).toEqual(['app']);
      expect(await usedWith({ 'ld.so': 0o644, 'libc.so': 0o600 })).toEqual(['ld.so', 'libc.so']);
    },
  );

  it.runIf(has('chroot', 'loader:glibc'))('asks the loader, and leaves nothing behind', async () => {
    fs.mkdirSync(at('tree/usr/bin'), { recursive: true });
    fs.copyFileSync('/bin/ls', at('tree/usr/bin/app'));
    fs.chmodSync(at('tree/usr/bin/app'), 0o700);
    const { stdout } = await flix('vendor', at('tree'), '--name', 'app', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ proof: { loader: 'asked' } });
    expect(fs.statSync(at('tree/usr/bin/app')).mode & 0o777).toBe(0o700);
    expect(fs.readdirSync(at()).filter(name => name.includes('.run'))).toEqual([]);
  });
});
