/* A program that tells what it sees. What it prints is the same natively and wrapped, where nothing can be told apart. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

/* a libc's words for errors are its own */
static const char *result(int failed) {
  static char text[32];
  snprintf(text, sizeof text, "error %d", errno);
  return failed ? text : "ok";
}

static void hex(const char *text) {
  for (; *text; text++) printf("%02x", (unsigned char)*text);
  putchar('\n');
}

static int arguments(char **argv) {
  while (*argv) hex(*argv++);
  return 0;
}

static int environment(void) {
  for (char **at = environ; *at; at++) puts(*at);
  return 0;
}

static int exits(char **argv) { return atoi(*argv); }

static int kills(char **argv) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  raise(atoi(*argv));
  return 99;
}

static int directory(void) {
  struct stat here;
  char *path = getcwd(NULL, 0);
  printf("%s\n", path && *path == '/' ? path : "none");
  if (stat(".", &here) == 0) printf("%lx:%lu\n", (long)here.st_dev, (long)here.st_ino);
  return 0;
}

static int descriptors(void) {
  DIR *open = opendir("/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(open));) {
    int fd = atoi(entry->d_name);
    if (*entry->d_name == '.' || fd == dirfd(open)) continue;
    printf("%d %o %d\n", fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
  }
  return 0;
}

static int ids(void) {
  gid_t groups[64];
  int count = getgroups(64, groups);
  uid_t r, e, s;
  getresuid(&r, &e, &s);
  printf("uid %d %d %d\n", r, e, s);
  getresgid(&r, &e, &s);
  printf("gid %d %d %d\n", r, e, s);
  while (count-- > 0) printf("group %d\n", groups[count]);
  return 0;
}

static int capabilities(void) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status))
    if (!strncmp(line, "CapInh", 6) || !strncmp(line, "CapPrm", 6) || !strncmp(line, "CapEff", 6) || !strncmp(line, "CapAmb", 6))
      fputs(line, stdout);
  return 0;
}

/* what it has of its parent: not a child, and not a signal more or less */
static int process(void) {
  mode_t mask = umask(0);
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  printf("umask %o nice %d\n", mask, getpriority(PRIO_PROCESS, 0));
  for (int at = 0; at < RLIM_NLIMITS; at++) {
    struct rlimit limit;
    getrlimit(at, &limit);
    printf("limit %d %llx %llx\n", at, (long long)limit.rlim_cur, (long long)limit.rlim_max);
  }
  for (int at = 1; at < 32; at++) {
    struct sigaction action;
    sigaction(at, NULL, &action);
    if (action.sa_handler == SIG_IGN) printf("ignored %d\n", at);
    if (sigismember(&blocked, at)) printf("blocked %d\n", at);
  }
  printf("pid %d parent %d group %d session %d\n", getpid(), getppid(), getpgrp(), getsid(0));
  int child = waitpid(-1, NULL, WNOHANG);
  printf("children %s\n", result(child < 0));
  return 0;
}

static volatile sig_atomic_t last;
static void note(int number) { last = number; }

static int waits(void) {
  int numbers[] = {SIGINT, SIGTERM, SIGWINCH, SIGHUP, SIGUSR1, SIGCONT};
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (size_t at = 0; at < sizeof numbers / sizeof *numbers; at++) {
    struct sigaction action = {.sa_handler = note};
    sigaction(numbers[at], &action, NULL);
  }
  puts("ready");
  fflush(stdout);
  sigdelset(&none, SIGINT);
  while (last != SIGTERM) {
    sigsuspend(&none);
    printf("signal %d\n", last);
    fflush(stdout);
  }
  return 3;
}

static int copies(void) {
  char buffer[4096];
  for (ssize_t count; (count = read(0, buffer, sizeof buffer)) > 0;) write(1, buffer, count);
  return 0;
}

static int devices(void) {
  char byte = 1;
  int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY), full = open("/dev/full", O_WRONLY);
  printf("null %s\n", result(write(null, &byte, 1) != 1));
  printf("zero %s %d\n", result(read(zero, &byte, 1) != 1), byte);
  printf("full %s\n", result(write(full, &byte, 1) != 1));
  printf("random %s\n", result(read(open("/dev/urandom", O_RDONLY), &byte, 1) != 1));
  printf("tty %s\n", result(open("/dev/tty", O_RDWR) < 0));
  return 0;
}

static int terminal(void) {
  struct winsize size = {0};
  ioctl(0, TIOCGWINSZ, &size);
  for (int fd = 0; fd < 3; fd++) printf("%d %s\n", isatty(fd), ttyname(fd) ? ttyname(fd) : "none");
  printf("%dx%d foreground %d tty %s\n", size.ws_col, size.ws_row, tcgetpgrp(0) == getpgrp(), result(open("/dev/tty", O_RDWR) < 0));
  return 0;
}

static int writes(char **argv) {
  struct stat made;
  int fd = open(*argv, O_CREAT | O_EXCL | O_WRONLY, 0666);
  printf("%s\n", result(fd < 0 || fstat(fd, &made)));
  if (fd >= 0) printf("%o %d %d\n", made.st_mode, made.st_uid, made.st_gid);
  return 0;
}

static int namespaces(void) {
  printf("%s\n", result(unshare(CLONE_NEWUSER | CLONE_NEWNS)));
  return 0;
}

static int runs(char **argv) {
  execvp(*argv, argv);
  printf("%s: %s\n", *argv, result(1));
  return 127;
}

/* whose code runs: the file of the libc that is mapped */
static int libc(void) {
  char line[4096], *slash, *last = NULL;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps))
    if ((slash = strchr(line, '/')) && (strstr(slash, "libc.so") || strstr(slash, "ld-musl")) && !last) last = strdup(line);
  struct stat file;
  slash = strchr(last, '/');
  slash[strcspn(slash, "\n")] = 0;
  printf("%s %s\n", slash, result(stat(slash, &file)));
  printf("%ld\n", (long)file.st_size);
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  char **rest = argv + 2;
#define CASE(name, call) if (!strcmp(what, name)) return call
  CASE("arguments", arguments(rest));
  CASE("environment", environment());
  CASE("exit", exits(rest));
  CASE("kill", kills(rest));
  CASE("directory", directory());
  CASE("descriptors", descriptors());
  CASE("ids", ids());
  CASE("capabilities", capabilities());
  CASE("process", process());
  CASE("wait", waits());
  CASE("copy", copies());
  CASE("devices", devices());
  CASE("terminal", terminal());
  CASE("write", writes(rest));
  CASE("namespaces", namespaces());
  CASE("run", runs(rest));
  CASE("libc", libc());
  fprintf(stderr, "probe: %s: what?\n", what);
  return 2;
}
