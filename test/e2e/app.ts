import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';

const LIBRARY = 'int answer(void) { return 42; }';

const PLUGIN = `
#include <math.h>
volatile double two = 2;
int plugin(void) { return (int)pow(two, 3); }
`;

const PROGRAM = `
#include <dlfcn.h>
#include <stdio.h>
int answer(void);
int main(void) {
  void *handle = dlopen("/usr/lib/app/plugin.so", RTLD_NOW);
  if (!handle) return puts(dlerror()), 1;
  int (*plugin)(void) = (int (*)(void))dlsym(handle, "plugin");
  printf("library %d, plugin %d\\n", answer(), plugin());
  return 0;
}
`;

/** Installs a small program as `make install DESTDIR=…` does: with a library, a plugin, data and links of all kinds. */
export function install(root: string, compiler = 'gcc'): void {
  const at = (name: string) => path.join(root, name);
  const compile = (source: string, target: string, ...options: string[]) =>
    execaSync(compiler, ['-x', 'c', '-', '-o', at(target), ...options], { input: source });
  for (const directory of ['usr/bin', 'usr/lib/app', 'usr/share/app'])
    fs.mkdirSync(at(directory), { recursive: true });
  compile(LIBRARY, 'usr/lib/libanswer.so.1.0', '-shared', '-fPIC', '-Wl,-soname,libanswer.so.1');
  fs.symlinkSync('libanswer.so.1.0', at('usr/lib/libanswer.so.1'));
  fs.symlinkSync('libanswer.so.1', at('usr/lib/libanswer.so'));
  compile(PLUGIN, 'usr/lib/app/plugin.so', '-shared', '-fPIC', '-lm');
  compile(PROGRAM, 'usr/bin/app', `-L${at('usr/lib')}`, '-lanswer', '-ldl');
  fs.symlinkSync('app', at('usr/bin/app-by-link'));
  fs.linkSync(at('usr/bin/app'), at('usr/bin/app-by-hard-link'));
  fs.writeFileSync(at('usr/share/app/data'), 'data\n');
  fs.linkSync(at('usr/share/app/data'), at('usr/share/app/same'));
}
