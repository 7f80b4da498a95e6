import fs from 'node:fs';
import path from 'node:path';
import { type ExecaError, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const LIB = '/usr/lib/x86_64-linux-gnu';

/** A root with a libc, a loader and libgcc_s of this machine. */
function makeRoot(): void {
  for (const directory of [LIB, '/usr/lib64', '/usr/bin', '/etc'])
    fs.mkdirSync(at('root', directory), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) fs.symlinkSync(`usr/${name}`, at('root', name));
  const file = (name: string) => execaSync('gcc', [`-print-file-name=${name}`]).stdout;
  for (const name of ['libc.so.6', 'libm.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'])
    fs.copyFileSync(fs.realpathSync(file(name)), at('root', LIB, name));
  fs.chmodSync(at('root', LIB, 'ld-linux-x86-64.so.2'), 0o755);
  fs.symlinkSync(`..${LIB.slice(4)}/ld-linux-x86-64.so.2`, at('root/usr/lib64/ld-linux-x86-64.so.2'));
  fs.writeFileSync(at('root/usr/lib/os-release'), 'ID=test\nVERSION_ID=1\n');
  fs.symlinkSync('../usr/lib/os-release', at('root/etc/os-release'));
}

function compile(target: string, source: string, ...options: string[]): void {
  fs.mkdirSync(path.dirname(at('root', target)), { recursive: true });
  const shared = target.includes('.so') ? ['-shared', '-fPIC'] : [];
  execaSync('gcc', ['-x', 'c', '-', '-x', 'none', '-o', at('root', target), ...shared, ...options], {
    input: source,
  });
}

/** A library whose function `run_NAME` opens a name and returns what the opened library says. */
const opener = (name: string, opens: string) => `
#include <dlfcn.h>
const char *run_${name}(void) {
  void *handle = dlopen("${opens}", RTLD_NOW);
  if (!handle) return "not found";
  return ((const char *(*)(void))dlsym(handle, "who"))();
}`;
const who = (says: string) => `const char *who(void) { return "${says}"; }`;
const calling = (name: string) => `
#include <stdio.h>
const char *run_${name}(void);
int main(void) { puts(run_${name}()); return 0; }`;
const note = (priority: string, soname: string) => `
__asm__(".pushsection .note.dlopen,\\"a\\",%note\\n.balign 4\\n.long 4\\n.long 2f-1f\\n.long 0x407c0c0a\\n.asciz \\"FDO\\"\\n"
  "1:.asciz \\"[{\\\\\\"priority\\\\\\":\\\\\\"${priority}\\\\\\",\\\\\\"soname\\\\\\":[\\\\\\"${soname}\\\\\\"]}]\\"\\n2:.balign 4\\n.popsection");`;

/** An opener in /opt/s/a, with a run path, and a program that calls it. */
function openerWith(runPath: string, opens: string, ...options: string[]): void {
  compile('/opt/s/a/libfe.so', opener('fe', opens), '-Wl,-soname,libfe.so', runPath, ...options);
  compile('/usr/bin/app', calling('fe'), at('root/opt/s/a/libfe.so'), '-Wl,-rpath,/opt/s/a');
}

const programs: Readonly<Record<string, () => void>> = {
  'beside its caller, through $ORIGIN': () => {
    compile('/opt/s/a/libimpl.so', who('beside'));
    openerWith('-Wl,-rpath,$ORIGIN', 'libimpl.so');
  },
  'through a run path with $LIB': () => {
    compile(`/opt/s/lib/x86_64-linux-gnu/libimpl.so`, who('lib'));
    openerWith('-Wl,-rpath,/opt/s/$LIB', 'libimpl.so');
  },
  'through a run path with $PLATFORM': () => {
    for (const platform of ['x86_64', 'haswell', 'xeon_phi'])
      compile(`/opt/s/${platform}/libimpl.so`, who('platform'));
    openerWith('-Wl,-rpath,/opt/s/$PLATFORM', 'libimpl.so');
  },
  'through a run path that is a link': () => {
    compile('/opt/s/real/libimpl.so', who('link'));
    fs.symlinkSync('real', at('root/opt/s/link'));
    openerWith('-Wl,-rpath,/opt/s/link', 'libimpl.so');
  },
  'through the RPATH of the program': () => {
    compile('/opt/s/main/libimpl.so', who('inherited'));
    openerWith('-Wl,--enable-new-dtags', 'libimpl.so');
    compile(
      '/usr/bin/app',
      calling('fe'),
      at('root/opt/s/a/libfe.so'),
      '-Wl,--disable-new-dtags,-rpath,/opt/s/a:/opt/s/main',
    );
  },
  'without the prefix lib, and opening another one': () => {
    compile('/opt/s/a/libsecond.so', who('second'));
    compile(
      '/opt/s/a/first.so',
      `${opener('x', 'libsecond.so')} const char *who(void) { return run_x(); }`,
      '-Wl,-rpath,$ORIGIN',
    );
    openerWith('-Wl,-rpath,$ORIGIN', 'first.so');
  },
  'that a note requires, from a default directory': () => {
    compile(`${LIB}/libimpl.so.1`, who('required'), '-Wl,-soname,libimpl.so.1');
    compile(
      '/opt/s/a/libfe.so',
      opener('fe', 'libimpl.so.1') + note('required', 'libimpl.so.1'),
      '-Wl,-soname,libfe.so',
    );
    compile('/usr/bin/app', calling('fe'), at('root/opt/s/a/libfe.so'), '-Wl,-rpath,/opt/s/a');
  },
  'that a note recommends, from a default directory': () => {
    compile(`${LIB}/libimpl.so.1`, who('recommended'), '-Wl,-soname,libimpl.so.1');
    compile(
      '/opt/s/a/libfe.so',
      opener('fe', 'libimpl.so.1') + note('recommended', 'libimpl.so.1'),
      '-Wl,-soname,libfe.so',
    );
    compile('/usr/bin/app', calling('fe'), at('root/opt/s/a/libfe.so'), '-Wl,-rpath,/opt/s/a');
  },
};

const able = process.arch === 'x64' && has('tool:gcc', 'chroot');
const run = (root: string) => execaSync('chroot', [at(root), '/usr/bin/app']).stdout;

describe.runIf(able)('a library that is opened by name', () => {
  it.each(Object.keys(programs))('%s is the same in the vendored tree', async name => {
    makeRoot();
    programs[name]!();
    const native = run('root');
    expect(native).not.toBe('not found');
    await flix('vendor', at('root'), '/usr/bin/app', '--name', 'app', '--out', at('tree'));
    expect(run('tree')).toBe(native);
  });

  it('is refused if another object opens another file under its name', async () => {
    makeRoot();
    for (const part of ['a', 'b']) {
      compile(`/opt/s/${part}/libimpl.so`, who(part));
      compile(
        `/opt/s/${part}/libfe${part}.so`,
        opener(part, 'libimpl.so'),
        `-Wl,-soname,libfe${part}.so`,
        '-Wl,-rpath,$ORIGIN',
      );
      compile(
        `/opt/s/bin/${part}`,
        calling(part),
        at(`root/opt/s/${part}/libfe${part}.so`),
        `-Wl,-rpath,/opt/s/${part}`,
      );
    }
    const vendor = ['vendor', at('root'), '/opt/s', '--name', 'app', '--out', at('tree')];
    await expect(flix(...vendor, '--mode', 'flix')).rejects.toThrow(
      /two libraries are needed under the name libimpl\.so/,
    );
    // files of a view keep their paths
    expect((await flix(...vendor, '--dry-run')).stdout).toMatch(
      /mode: flatwrap, because two libraries are needed under the name libimpl\.so/,
    );
  });

  it('is named if only a string tells of it and it comes from a default directory', async () => {
    makeRoot();
    compile(`${LIB}/libimpl.so.1`, who('default'), '-Wl,-soname,libimpl.so.1');
    openerWith('-Wl,--enable-new-dtags', 'libimpl.so.1');
    const made = await flix('vendor', at('root'), '/usr/bin/app', '--name', 'app', '--out', at('tree'));
    expect(made.stdout).toMatch(
      /not brought: libimpl\.so\.1, .*, for \S+\/libfe\.so\n.*--needs recommended brings it/,
    );
    expect(made.stderr).not.toContain('libimpl');
    const manifest = JSON.parse(fs.readFileSync(at('tree/usr/local/app/manifest.json'), 'utf8'));
    expect(manifest.remarks).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining(
          'libfe.so may open libimpl.so.1 at run time, which is not in the tree. Bring it with --dlopen libimpl.so.1',
        ),
      }),
    );
    await flix(
      'vendor',
      at('root'),
      '/usr/bin/app',
      '--name',
      'app',
      '--out',
      at('tree'),
      '--dlopen',
      'libimpl.so.1',
    );
    expect(run('tree')).toBe(run('root'));
  });

  it.each([
    ['that a note requires, from a default directory', 'error'],
    ['that a note recommends, from a default directory', 'warning'],
  ])('is missed by the program and the audit if the tree lacks it: %s', async (name, severity) => {
    makeRoot();
    programs[name]!();
    await flix('vendor', at('root'), '/usr/bin/app', '--name', 'app', '--out', at('tree'));
    const findings = async () => {
      const { stdout } = await flix('audit', at('tree'), '--host', at('root'), '--json').catch(
        (error: ExecaError<{ encoding: 'utf8' }>) => ({ stdout: error.stdout ?? '' }),
      );
      const all = (JSON.parse(stdout) as AuditDocument).findings;
      return all.filter(({ kind }) => kind === 'missing/opened-library');
    };
    expect([run('tree') === run('root'), await findings()]).toEqual([true, []]);
    fs.rmSync(at('tree/usr/local/app/lib/libimpl.so.1'));
    expect(run('tree')).toBe('not found');
    expect(await findings()).toMatchObject([{ severity, culprit: 'libimpl.so.1', onHost: true }]);
  });

  it('is named if a note requires it and no root has it', async () => {
    makeRoot();
    compile('/usr/bin/app', `${note('required', 'libgone.so.1')} int main(void) { return 0; }`);
    const { stderr } = await flix('vendor', at('root'), '/usr/bin/app', '--name', 'app', '--out', at('tree'));
    expect(stderr).toContain('app requires libgone.so.1 at run time, and no root has it');
  });
});

/** A library that opens a plugin by a path that it makes of its own, which it learns by dladdr(3). */
const self = (plugin: string) => `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
const char *run_self(void) {
  static char path[4096];
  Dl_info info;
  dladdr((void *)run_self, &info);
  strcpy(path, info.dli_fname);
  snprintf(strrchr(path, '/'), 1000, "%s", "${plugin}");
  void *handle = dlopen(path, RTLD_NOW);
  return handle ? ((const char *(*)(void))dlsym(handle, "who"))() : "not found";
}`;

describe.runIf(able)('a library that looks beside its own file', () => {
  const build = (directory: string, plugin: string) => {
    makeRoot();
    compile(path.posix.join(directory, plugin), who('plugin'));
    compile(`${directory}/libself.so.1`, self(plugin), '-Wl,-soname,libself.so.1');
    compile(
      '/usr/bin/app',
      calling('self'),
      at('root', directory, 'libself.so.1'),
      `-Wl,-rpath,${directory}`,
    );
  };
  const vendor = (...paths: string[]) =>
    flix('vendor', at('root'), ...paths, '--name', 'app', '--out', at('tree'));

  it.each<[string, string, string, string]>([
    ['a private copy', LIB, '/self/plugins/one.so', `${LIB}/self`],
    ['a library that stays at its place', '/opt/s/lib', '/self/one.so', '/opt/s'],
    ['a private copy, above its directory', '/opt/s/lib', '/../share/one.so', '/opt/s/share'],
  ])('finds it in the tree: %s', async (_, directory, plugin, brought) => {
    build(directory, plugin);
    expect(run('root')).toBe('plugin');
    await vendor('/usr/bin/app', brought);
    expect(run('tree')).toBe('plugin');
  });
});
