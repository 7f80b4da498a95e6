import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { PT_GNU_STACK } from '../../src/elf/constants.ts';
import { needingStack, refusesStack } from '../../src/resolve/executable-stack.ts';
import { resolve } from '../../src/resolve/resolve.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { findLoader, glibcReleases, loaderPath } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';
import { runInRoot } from '../lab/run-in-root.ts';

const at = scratch();
const LIB = '/lib/x86_64-linux-gnu';

/** Opens $PLUGIN; starts without crt1.o, which would require the libc of this machine. */
const OPENER = `
void *dlopen(const char *, int); char *dlerror(void); char *getenv(const char *); int puts(const char *); void exit(int);
__attribute__((force_align_arg_pointer)) void _start(void) {
  puts(dlopen(getenv("PLUGIN"), 2) ? "opened" : dlerror());
  exit(0);
}`;

type Stack = 'plain' | 'executable' | 'unstated' | 'needs executable';
const stacks: readonly Stack[] = ['plain', 'executable', 'unstated', 'needs executable'];
const fileOf = (kind: 'program' | 'plugin', stack: Stack) => `/opt/${kind}-${stack.replace(' ', '-')}.so`;

/** Compiles a program or plugin with such a stack; the last kind needs a library with an executable one. */
function compile(
  compiler: string,
  kind: 'program' | 'plugin',
  stack: Stack,
  libraries: readonly string[],
): void {
  const flag = stack === 'executable' ? '-Wl,-z,execstack' : '-Wl,-z,noexecstack';
  const needed = stack === 'needs executable' ? ['-Wl,--no-as-needed', at('files/opt/libneeded.so')] : [];
  const target = at('files', fileOf(kind, stack));
  const options = kind === 'program' ? ['-nostartfiles'] : ['-shared', '-nostdlib'];
  const shared = ['-fPIC', '-Wl,--unresolved-symbols=ignore-in-shared-libs', ...options, flag];
  execaSync(compiler, ['-x', 'c', '-', '-x', 'none', '-o', target, ...shared, ...libraries, ...needed], {
    input: kind === 'program' ? OPENER : 'int plugin(void) { return 1; }',
  });
  if (stack === 'unstated') dropStack(target);
}

/** Turns PT_GNU_STACK of a 64-bit file into PT_NULL. */
function dropStack(file: string): void {
  const bytes = fs.readFileSync(file);
  const phoff = Number(bytes.readBigUInt64LE(32));
  for (let entry = 0; entry < bytes.readUInt16LE(56); entry++)
    if (bytes.readUInt32LE(phoff + entry * 56) === PT_GNU_STACK) bytes.writeUInt32LE(0, phoff + entry * 56);
  fs.writeFileSync(file, bytes);
}

/** Compiles every kind of program and plugin. */
function compileAll(compiler: string, libraries: readonly string[]): void {
  fs.mkdirSync(at('files/opt'), { recursive: true });
  const needed = ['-shared', '-nostdlib', '-fPIC', '-Wl,-z,execstack', '-Wl,-soname,/opt/libneeded.so'];
  execaSync(compiler, ['-x', 'c', '-', '-o', at('files/opt/libneeded.so'), ...needed], {
    input: 'int needed;',
  });
  for (const stack of stacks) {
    compile(compiler, 'program', stack, [...libraries]);
    compile(compiler, 'plugin', stack, []);
  }
}

/** Returns for each program and plugin whether dlopen refuses, as the kernel’s process says and as flix says. */
async function answers(root: string): Promise<{ real: string[]; ours: string[] }> {
  const view = directoryView(root);
  const [real, ours] = [[] as string[], [] as string[]];
  for (const plugin of stacks.map(stack => fileOf('plugin', stack)))
    for (const program of stacks.map(stack => fileOf('program', stack))) {
      const environment = { PLUGIN: plugin };
      const [output] = await runInRoot({ root, command: ['-'], paths: [program], environment });
      const said = output!.stdout.trim();
      if (said.includes('cannot enable executable stack')) real.push(`${program} ${plugin}`);
      else expect(said, output!.stderr).toBe('opened');
      const { loader, objects } = resolve([view], program);
      const started = new Set(objects.map(({ id }) => id));
      const added = resolve([view], program, { opened: [plugin] }).objects.filter(
        ({ id }) => !started.has(id),
      );
      if (refusesStack(loader!) && needingStack(loader!, objects, added).length > 0)
        ours.push(`${program} ${plugin}`);
    }
  return { real, ours };
}

const loadersRun = has(...glibcReleases.map(name => `loader:${name}` as const));

describe.runIf(has('chroot', 'tool:gcc') && loadersRun)('an object that needs an executable stack', () => {
  it.each(glibcReleases)('is refused by dlopen exactly if the real loader refuses it: %s', async name => {
    const from = (loader: typeof name) => path.dirname(fs.realpathSync(findLoader(loader)!));
    const oldest = ['libdl.so.2', 'libc.so.6'].map(library => path.join(from('glibc-2.31'), library));
    compileAll(
      'gcc',
      oldest.map(library => fs.realpathSync(library)),
    );
    const root = at('files');
    for (const directory of [LIB, '/lib64']) fs.mkdirSync(path.join(root, directory), { recursive: true });
    for (const library of ['libdl.so.2', 'libc.so.6'])
      fs.copyFileSync(fs.realpathSync(path.join(from(name), library)), path.join(root, LIB, library));
    fs.copyFileSync(findLoader(name)!, path.join(root, loaderPath(name)));
    fs.chmodSync(path.join(root, loaderPath(name)), 0o755);
    const { real, ours } = await answers(root);
    expect(ours).toEqual(real);
    // three plugins for the one program whose stack is not executable
    expect(real).toHaveLength(['glibc-2.31', 'glibc'].includes(name) ? 0 : 3);
  });
});

describe.runIf(has('chroot', 'tool:musl-gcc', 'loader:musl'))('an object that musl opens', () => {
  it('is never refused because of the stack', async () => {
    compileAll('musl-gcc', ['-lc']);
    fs.mkdirSync(at('files/lib'), { recursive: true });
    fs.copyFileSync(findLoader('musl')!, at('files', loaderPath('musl')));
    fs.chmodSync(at('files', loaderPath('musl')), 0o755);
    const { real, ours } = await answers(at('files'));
    expect([real, ours]).toEqual([[], []]);
  });
});
