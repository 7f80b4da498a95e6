import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { flix } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import { inMergedHost } from '../lab/flatwrap/merged-host.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();
const LIB = '/usr/lib/x86_64-linux-gnu';

function compile(target: string, source: string, ...options: string[]): void {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const shared = target.includes('.so') ? ['-shared', '-fPIC'] : [];
  execaSync('gcc', ['-x', 'c', '-', '-x', 'none', '-o', target, ...shared, ...options], { input: source });
}

/** A root with the stub of a driver, a program that needs it, and one that opens it by name. */
function makeRoot(root: string, unshare: boolean): void {
  for (const directory of [LIB, '/usr/lib64', '/usr/bin', '/etc'])
    fs.mkdirSync(root + directory, { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) fs.symlinkSync(`usr/${name}`, path.join(root, name));
  const file = (name: string) => fs.realpathSync(execaSync('gcc', [`-print-file-name=${name}`]).stdout);
  for (const name of ['libc.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'])
    fs.copyFileSync(file(name), path.join(root, LIB, name));
  fs.chmodSync(path.join(root, LIB, 'ld-linux-x86-64.so.2'), 0o755);
  fs.symlinkSync(`..${LIB.slice(4)}/ld-linux-x86-64.so.2`, path.join(root, 'usr/lib64/ld-linux-x86-64.so.2'));
  fs.writeFileSync(path.join(root, 'usr/lib/os-release'), 'ID=test\nVERSION_ID=1\n');
  if (unshare) fs.copyFileSync('/usr/bin/unshare', path.join(root, 'usr/bin/unshare'));
  compile(path.join(root, LIB, 'libcuda.so.1'), driver('stub'), '-Wl,-soname,libcuda.so.1');
  compile(
    path.join(root, 'usr/bin/needs'),
    '#include <stdio.h>\nconst char *driver(void);\nint main(void) { puts(driver()); return 0; }',
    path.join(root, LIB, 'libcuda.so.1'),
  );
  compile(path.join(root, 'usr/bin/opens'), OPENS);
}

const driver = (says: string) => `const char *driver(void) { return "${says}"; }`;

const OPENS = `
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
  void *handle = dlopen("libcuda.so.1", RTLD_NOW);
  puts(handle ? ((const char *(*)(void))dlsym(handle, "driver"))() : "none");
  return 0;
}`;

/** The directory of libraries on Debian, and on most other hosts. */
const hosts = { debian: LIB, others: '/usr/lib64' } as const;

describe.runIf(has('root', 'mountNamespace', 'userNamespace', 'archive', 'tool:gcc'))(
  'a driver of the host',
  () => {
    it.each([
      ['overmount', 0],
      ['overmount', 1000],
      ['chroot', 1000],
    ])('is what wrapped programs load, form %s, called by uid %d', async (form, uid) => {
      const [root, tree] = [at('root'), at('tree')];
      makeRoot(root, form === 'overmount');
      const options = ['--mode', 'auto', '--name', 'app', '--out', tree];
      const { stderr } = await flix(['vendor', root, '/usr/bin/needs', '/usr/bin/opens', ...options]);
      expect(stderr).toContain(
        'mode: flatwrap, because /usr/bin/needs needs libcuda.so.1: it is a part of the NVIDIA driver',
      );
      const manifest = JSON.parse(
        fs.readFileSync(path.join(tree, 'usr/local/app/manifest.json'), 'utf8'),
      ) as {
        view: { form: string };
      };
      expect(manifest.view.form).toBe(form);
      const host = fs.realpathSync(await labRoot('host-trixie'));
      const caller = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
      const run = (layers: readonly string[], program: string) => {
        const argv = inMergedHost({ host, layers: [tree, ...layers], scratch: at() }, [...caller, program]);
        for (const name of ['at', 'data']) fs.mkdirSync(at(name), { recursive: true });
        const { all, exitCode } = execaSync(argv[0]!, argv.slice(1), { all: true, reject: false });
        return `${exitCode} ${all}`;
      };
      for (const [name, directory] of Object.entries(hosts)) {
        const layer = at(name);
        compile(path.join(layer, directory, 'libcuda.so.1'), driver(name), '-Wl,-soname,libcuda.so.1');
        expect(run([layer], '/usr/bin/needs')).toBe(`0 ${name}`);
        expect(run([layer], '/usr/bin/opens')).toBe(`0 ${name}`);
      }
      expect(run([], '/usr/bin/opens')).toBe('0 none');
      expect(run([], '/usr/bin/needs')).toMatch(/^127 .*libcuda\.so\.1: cannot open shared object file/);

      const audit = async (...layers: readonly string[]) => {
        const merged = at(`merged-${layers.length}`);
        fs.cpSync(path.join(host, 'usr/lib/os-release'), path.join(merged, 'usr/lib/os-release'));
        for (const layer of layers) fs.cpSync(layer, merged, { recursive: true });
        const { stdout } = await flix(['audit', tree, '--host', merged, '--json']);
        const { findings } = JSON.parse(stdout) as AuditDocument;
        const kinds = new Set(['missing/library', 'missing/opened-library', 'layout/dangling-link']);
        return findings.filter(({ kind }) => kinds.has(kind)).map(({ kind }) => kind);
      };
      expect(await audit(at('debian'))).toEqual([]);
      expect(await audit()).toContain('missing/library');
    });
  },
);
