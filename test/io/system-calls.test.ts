import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { refusedCalls, systemCallFilter } from '../../src/io/system-calls.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();

describe('the refused system calls', () => {
  it.runIf(has('tool:gcc'))('have the numbers of the kernel’s headers', () => {
    const numbersIn = (header: string) => {
      const { stdout } = execaSync('gcc', ['-E', '-dM', '-'], { input: `#include <${header}>\n` });
      return new Map(
        [...stdout.matchAll(/^#define __NR_(?:3264_)?(\w+) (\d+)$/gm)].map(([, name, number]) => [
          name,
          Number(number),
        ]),
      );
    };
    const headers = ['asm/unistd_64.h', 'asm/unistd_32.h', 'asm-generic/unistd.h'].map(numbersIn);
    expect(refusedCalls.map(([name]) => [name, ...headers.map(header => header.get(name))])).toEqual(
      refusedCalls,
    );
  });
});

/** Prints the calls that the kernel refuses with EPERM, although the arguments are nonsense. */
const PROBE = `
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(void) {
  long calls[] = { CALLS };
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
    printf("%ld%s\\n", calls[i], syscall(calls[i], -1L, -1L, -1L, -1L, -1L, -1L) == -1 && errno == EPERM ? " refused" : "");
  return 0;
}
`;

describe.runIf(has('root', 'chroot', 'userNamespace', 'archive', 'tool:gcc'))('a confined program', () => {
  const TSX = fileURLToPath(import.meta.resolve('tsx/cli'));
  const script = fileURLToPath(new URL('run-confined.ts', import.meta.url));
  // reboot and its like could have an effect if nothing refused them
  const harmless = refusedCalls.filter(([name]) => !/^(?:reboot|swap|acct|kexec|quotactl)/.test(name));

  /** By itself, and two programs in one confinement (run-confined.ts). */
  const RUNS = 3;

  async function refused(path: string, ...as: string[]): Promise<string[]> {
    const source = PROBE.replace('CALLS', harmless.map(([name]) => `SYS_${name}`).join(', '));
    execaSync('gcc', ['-static', '-x', 'c', '-', '-o', at('tree/probe')], { input: source });
    const [tool, ...args] = [...as, process.execPath, TSX, script, at('tree'), '/probe'];
    const { stdout } = await execa(tool, args, { env: { PATH: path } });
    return stdout.split('\n').filter(line => line.endsWith(' refused'));
  }

  /** A directory with the setpriv of trixie, which sets filters. */
  async function newerTools(): Promise<string> {
    const root = await labRoot('host-trixie');
    const lib = `${root}/usr/lib/x86_64-linux-gnu`;
    fs.mkdirSync(at('tools'));
    for (const [from, to] of [
      [`${root}/usr/bin/setpriv`, 'setpriv.bin'],
      [`${root}/lib64/ld-linux-x86-64.so.2`, 'ld.so'],
      [`${lib}/libc.so.6`, 'libc.so.6'],
      [`${lib}/libcap-ng.so.0`, 'libcap-ng.so.0'],
    ] as const)
      fs.copyFileSync(fs.realpathSync(from), at('tools', to));
    const line = `exec ${at('tools/ld.so')} --library-path ${at('tools')} ${at('tools/setpriv.bin')} "$@"`;
    fs.writeFileSync(at('tools/setpriv'), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    fs.chmodSync(at('tools/ld.so'), 0o755);
    return `${at('tools')}:${process.env['PATH']}`;
  }

  it('is refused these calls where setpriv sets filters, whoever runs flix', async () => {
    fs.mkdirSync(at('tree'));
    fs.chmodSync(at(), 0o755);
    const path = await newerTools();
    for (const as of [[], ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups']])
      expect(await refused(path, ...as)).toHaveLength(RUNS * harmless.length);
    // without the filter, most fail for other reasons
    const unfiltered = await refused('/usr/bin:/bin:/usr/sbin');
    expect(unfiltered.length).toBeLessThan((RUNS * harmless.length) / 2);
  });

  it('that is a loader works under the filter', async () => {
    const path = await newerTools();
    fs.mkdirSync(at('root/usr/bin'), { recursive: true });
    fs.copyFileSync('/bin/ls', at('root/usr/bin/app'));
    const { stdout } = await execa(
      process.execPath,
      [
        fileURLToPath(new URL('../../bin/flix.js', import.meta.url)),
        'vendor',
        at('root'),
        '--name',
        'app',
        '--json',
      ],
      { env: { PATH: path } },
    );
    expect(JSON.parse(stdout)).toMatchObject({ proof: { loader: 'asked' } });
  });
});

it('the filter is a program of whole instructions, small enough for the kernel', () => {
  const bytes = systemCallFilter();
  expect(bytes.length % 8).toBe(0);
  expect(bytes.length / 8).toBeLessThan(4096); // BPF_MAXINSNS
});
