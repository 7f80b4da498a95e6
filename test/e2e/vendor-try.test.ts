import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../cli/flix.ts';
import { has } from '../lab/requires.ts';
import { snapshot } from '../lab/snapshot.ts';

/** Programs whose needs no file reveals: each prints what it read, and fails if it cannot read it. */
const PROGRAMS: Readonly<
  Record<string, { readonly source: string; readonly command: string; readonly brings: string }>
> = {
  'builds a path at run time': {
    source: `snprintf(path, sizeof path, "/%s/%s/%c", "usr", "share", 'w'); strcat(path, "here/text"); show(path);`,
    command: '/usr/bin/app',
    brings: '--seen /usr/share/where',
  },
  'reads the names of its data from other data': {
    source:
      'char line[200]; FILE *list = need(argv[1]); if (fgets(line, 200, list)) line[strcspn(line, "\\n")] = 0; show(line);',
    command: '/usr/bin/app /usr/share/lists/all',
    brings: '--seen /usr/share/lists --seen /usr/share/where',
  },
  'takes a directory from a variable': {
    source:
      'setenv("WHERE", argv[1], 0); snprintf(path, sizeof path, "%s/text", getenv("WHERE")); show(path);',
    command: "/usr/bin/app '/usr/share/where'",
    brings: '--seen /usr/share/where',
  },
  'starts a helper whose name it puts together': {
    source:
      'snprintf(path, sizeof path, "/usr/lib%s/%s", "exec", "helper"); execl(path, path, (char *)0); return 1;',
    command: '/usr/bin/app',
    brings: '--seen /usr/libexec/helper',
  },
  'opens a library whose name it puts together': {
    source:
      'snprintf(path, sizeof path, "lib%s.so.%d", "plugin", 1); void *plugin = dlopen(path, RTLD_NOW); if (!plugin) return puts(dlerror()), 1; puts("text"); return 0;',
    command: '/usr/bin/app',
    brings: '--dlopen libplugin.so.1',
  },
};

const program = (source: string) => `
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static FILE *need(const char *path) { FILE *file = fopen(path, "r"); if (!file) { perror(path); exit(1); } return file; }
static void show(const char *path) { char text[200]; if (fgets(text, sizeof text, need(path))) puts(text); }
int main(int argc, char **argv) { char path[200]; ${source} return 0; }
`;

describe.runIf(has('mountNamespace', 'tool:bwrap', 'tool:strace', 'tool:gcc'))(
  'vendor --try, for a program that',
  () => {
    let scratch: string;
    beforeAll(() => (scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'))));
    afterAll(() => fs.rmSync(scratch, { recursive: true }));

    /** Makes a DESTDIR tree with the program, and a root with the rest and the libc of this machine. */
    function install(source: string): { tree: string; root: string } {
      const [tree, root] = ['tree', 'root'].map(name => fs.mkdtempSync(path.join(scratch, `${name}-`))) as [
        string,
        string,
      ];
      const compile = (code: string, target: string, ...options: string[]) => {
        fs.mkdirSync(path.dirname(target), { recursive: true });
        execaSync('gcc', ['-x', 'c', '-', '-o', target, ...options], { input: code });
      };
      compile(program(source), path.join(root, 'usr/bin/app'), '-w');
      compile('#include <stdio.h>\nint main(void) { puts("text"); }', path.join(root, 'usr/libexec/helper'));
      compile('int plugin;', path.join(root, 'usr/lib/libplugin.so.1'), '-shared', '-fPIC');
      for (const library of execaSync('ldd', [path.join(root, 'usr/bin/app')]).stdout.match(/\/\S+/g) ?? []) {
        fs.mkdirSync(path.dirname(root + library), { recursive: true });
        fs.copyFileSync(library, root + library);
      }
      for (const [file, text] of Object.entries({
        'etc/os-release': 'ID=test\nVERSION_ID=1\n',
        'usr/share/where/text': 'text\n',
        'usr/share/lists/all': '/usr/share/where/text\n',
      })) {
        fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
        fs.writeFileSync(path.join(root, file), text);
      }
      return { tree, root };
    }

    it.each(Object.entries(PROGRAMS))('%s', async (_name, { source, command, brings }) => {
      const { tree, root } = install(source);
      const vendor = ['vendor', root, '/usr/bin/app', '--name', 'app', '--out', path.join(tree, 'app')];
      const alone = (out: string) =>
        flix(['try', path.join(tree, out), '--alone', '--', ...command.replaceAll("'", '').split(' ')]);
      expect((await flix(vendor)).status).toBe(0);
      expect((await alone('app')).status).not.toBe(0);

      const { status, stdout, stderr } = await flix([...vendor, '--try', command]);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stdout).toContain(`the next build needs no run with ${brings}\n`);
      expect(Number(/(\d+) runs? loaded 0 libraries of the host/.exec(stdout)?.[1])).toBeLessThanOrEqual(3);
      expect(await alone('app')).toMatchObject({ status: 0, stdout: expect.stringContaining('text') });

      await flix([...vendor.slice(0, -1), path.join(tree, 'again'), ...brings.split(' ')]);
      expect(snapshot(path.join(tree, 'again'))).toEqual(snapshot(path.join(tree, 'app')));
    });

    it('is made for given hosts runs over each of them, and brings what it misses on any', async () => {
      const { source, command, brings } = PROGRAMS['builds a path at run time']!;
      const { tree, root } = install(source);
      const hosts = ['1', '2'].map(version => {
        const host = path.join(tree, `host-${version}`);
        fs.cpSync(root, host, { recursive: true });
        fs.rmSync(path.join(host, 'usr/bin'), { recursive: true });
        for (const name of ['lib', 'lib64']) {
          fs.cpSync(path.join(host, name), path.join(host, 'usr', name), { recursive: true });
          fs.rmSync(path.join(host, name), { recursive: true });
          fs.symlinkSync(`usr/${name}`, path.join(host, name));
        }
        fs.writeFileSync(path.join(host, 'etc/os-release'), `ID=test\nVERSION_ID=${version}\n`);
        return host;
      });
      fs.rmSync(path.join(hosts[1]!, 'usr/share/where'), { recursive: true });
      const vendor = (out: string, ...given: string[]) =>
        flix([
          'vendor',
          root,
          '/usr/bin/app',
          '--out',
          path.join(tree, out),
          '--try',
          command,
          ...given.flatMap(host => ['--host', host]),
        ]);
      expect(await vendor('has', hosts[0]!)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('1 run loaded 1 library of the host (1 as planned, 0 not)'),
      });
      expect(await vendor('lacks', hosts[1]!)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(`the next build needs no run with ${brings}`),
      });
      // one tree cannot bring what only one of the hosts has
      const { status, stderr } = await vendor('both', ...hosts);
      expect({ status, stderr }).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('/usr/share/where/text: only test 1 has it'),
      });
      const profile = path.join(tree, 'host.profile');
      await flix(['host', 'snapshot', '--root', hosts[0]!, '-o', profile]);
      expect(await vendor('profile', profile)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('Add --try-host with the root of a host'),
      });
    });

    it('never works fails, and leaves the tree for a look', async () => {
      const { tree, root } = install('puts("sorry"); return 3;');
      const out = path.join(tree, 'app');
      const { status, stderr } = await flix([
        'vendor',
        root,
        '/usr/bin/app',
        '--out',
        out,
        '--try',
        '/usr/bin/app',
      ]);
      expect(status).toBe(4);
      expect(stderr).toContain(`/usr/bin/app ends with status 3 in the finished tree ${out}`);
      expect(stderr).toContain(`flix try ${out} --alone -- /usr/bin/app`);
      expect(fs.existsSync(path.join(out, 'usr/bin/app'))).toBe(true);
    });

    it('has a quote that is not closed is refused before anything is made', async () => {
      const out = path.join(scratch, 'unclosed');
      for (const line of ['sh -c "echo x', "env 'x", 'env \\']) {
        const { status, stderr } = await flix(['vendor', '/', '/usr/bin/env', '--out', out, '--try', line]);
        expect({ status, stderr }).toMatchObject({
          status: 2,
          stderr: expect.stringContaining(`--try ${line}: a quote is not closed`),
        });
        expect(fs.existsSync(out)).toBe(false);
      }
    });

    it('is only planned is refused, as is a host without a command', async () => {
      for (const options of [
        ['--dry-run', '--try', 'x'],
        ['--try-host', '/'],
        ['--try', ' '],
      ]) {
        const { status, stderr } = await flix([
          'vendor',
          '/',
          '/usr/bin/env',
          '--out',
          path.join(scratch, 'no'),
          ...options,
        ]);
        expect({ status, stderr }).toMatchObject({
          status: 2,
          stderr: expect.stringContaining('--try needs a command'),
        });
      }
    });
  },
);
