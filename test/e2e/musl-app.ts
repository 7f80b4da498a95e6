import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';

/** The directory where Debian's musl has its libc and searches for libraries. */
const MUSL = '/usr/lib/x86_64-linux-musl';

/** A library that only the host has. */
export const HOST_ONLY = 'libhostonly.so.1';

const PROGRAM = `
int printf(const char *, ...);
int answer(void);
void *dlopen(const char *, int);
void *dlsym(void *, const char *);
int main(void) {
  void *handle = dlopen("/usr/lib/app/plugin.so", 2);
  int (*plugin)(void) = (int (*)(void))dlsym(handle, "plugin");
  printf("library %d, plugin %d, host %s\\n", answer(), plugin(), dlopen("${HOST_ONLY}", 2) ? "loaded" : "refused");
  return 0;
}
int __libc_start_main(int (*)(void), int, char **, void (*)(void), void (*)(void), void (*)(void));
void begin(long *stack) { __libc_start_main(main, *stack, (char **)(stack + 1), 0, 0, 0); }
__asm__(".global _start\\n_start: xor %rbp, %rbp\\n mov %rsp, %rdi\\n and $-16, %rsp\\n call begin\\n");
`;

/** Installs a musl program with a library and a plugin. gcc is enough: musl's headers and start files are not used. */
export function installMusl(root: string): void {
  const compile = (source: string, target: string, ...options: string[]) => {
    fs.mkdirSync(path.dirname(root + target), { recursive: true });
    const common = ['-nostdlib', '-fPIC', '-O1', '-fno-stack-protector', '-o', root + target, '-x', 'c', '-'];
    execaSync('gcc', [...common, '-x', 'none', ...options], { input: source });
  };
  const library = `${MUSL}/libanswer.so.1`;
  compile('int answer(void) { return 42; }', library, '-shared', '-Wl,-soname,libanswer.so.1');
  compile('int plugin(void) { return 8; }', '/usr/lib/app/plugin.so', '-shared');
  const interpreter = '-Wl,-dynamic-linker,/lib/ld-musl-x86_64.so.1';
  compile(PROGRAM, '/usr/bin/app', '-pie', interpreter, root + library, `-L${MUSL}`, '-l:libc.so');
}
