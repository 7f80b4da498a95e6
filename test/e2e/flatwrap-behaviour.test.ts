import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALLERS, cases, observe, type Observed, type Setting } from '../lab/flatwrap/behaviour.ts';
import { has } from '../lab/requires.ts';

const able = has(
  'root',
  'mountNamespace',
  'userNamespace',
  'archive',
  'tool:gcc',
  'tool:musl-gcc',
  'tool:busybox',
);

const all = Array.from({ length: 256 }, (_, code) => code);
const some = [0, 1, 2, 77, 125, 126, 127, 128, 129, 137, 143, 254, 255];

const settings: readonly Setting[] = [
  { host: 'host-trixie', tree: 'host-bookworm', shell: 'dash', form: 'overmount', codes: all },
  { host: 'host-bookworm', tree: 'host-trixie', shell: 'bash', form: 'overmount', codes: some },
  { host: 'host-trixie', tree: 'split-bookworm', shell: 'busybox', form: 'chroot', codes: some },
  { host: 'host-bookworm', tree: 'musl', shell: 'dash', form: 'chroot', codes: some },
];

/** What a wrapped program shows if it differs from the native one, or `undefined` if it does not for this caller. */
type Difference = (native: string, setting: Setting, uid: number) => string | RegExp | undefined;

/** The warnings of a shell that starts in a deleted directory. They come twice, because the wrapper starts two shells. */
const GONE: Partial<Record<Setting['shell'], string>> = {
  dash: 'sh: 0: getcwd() failed: No such file or directory\n',
  bash: 'shell-init: error retrieving current directory: getcwd: cannot access parent directories: No such file or directory\n',
};

const differences: Readonly<Record<string, Difference>> = {
  // if the libc were the same, the test would show nothing
  'whose libc': (native, { tree }) =>
    tree === 'musl'
      ? /^exit 0\n\/lib\/ld-musl-x86_64\.so\.1 ok\n\d+\n$/
      : new RegExp(`^exit 0\n\\S*/libc.so.6 ok\n(?!${/\d+(?=\n$)/.exec(native)?.[0]}\n)\\d+\n$`),
  // a user can map only one group into a user namespace
  'ids and groups': (native, _, uid) => (uid === 0 ? undefined : native.replace('group 2000', 'group 65534')),
  'a deleted directory': (native, { shell }) =>
    GONE[shell] === undefined ? undefined : `${native}stderr: ${GONE[shell]}${GONE[shell]}`,
  // shells set, drop and count variables
  'an empty environment': (_, { shell }) =>
    ({
      dash: 'PWD=/\nexit 0',
      bash: 'PWD=/\nSHLVL=0\nexit 0',
      busybox: 'PATH=/sbin:/usr/sbin:/bin:/usr/bin\nPWD=/\nSHLVL=2\nexit 0',
    })[shell],
  'a variable whose name is no name for sh': (native, { shell }) =>
    ({
      dash: native.replace('a.b=1\n', ''),
      bash: native.replace('_=x\n', ''),
      busybox: native
        .replace('a.b=1\n', '')
        .replace('SHLVL=1', 'SHLVL=3')
        .replace('PWD=/\nSH', 'PATH=/sbin:/usr/sbin:/bin:/usr/bin\nPWD=/\nSH'),
    })[shell],
  environment: (native, { shell }) =>
    shell === 'busybox' ? native.replace('SHLVL=3', 'SHLVL=5') : undefined,
  // these differ because the root directory differs
  'the root directory': inChroot(/^exit 0\n\/\n[0-9a-f]+:\d+\n$/),
  'a directory of /usr': inChroot('exit 0\nnone\nthere\n'),
  'a directory that only the host has': (native, { form }) =>
    form === 'chroot' ? native.replace('/data\nthere\n', 'none\nthere\n') : undefined,
  'nested user namespaces': inChroot('exit 0\nerror 1\n'),
};

function inChroot(shown: string | RegExp): Difference {
  return (_, { form }) => (form === 'chroot' ? shown : undefined);
}

let scratch: string;
let observed: ReadonlyMap<number, Observed>[];

beforeAll(async () => {
  if (!able) return;
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-behaviour-'));
  const places = settings.map((_, index) => path.join(scratch, String(index)));
  observed = await Promise.all(settings.map((setting, index) => observe(setting, places[index]!)));
});

afterAll(() => {
  if (able) fs.rmSync(scratch, { recursive: true, force: true });
});

describe.each(settings.map((setting, index) => ({ ...setting, index })))(
  'a program of $tree, wrapped on $host with $shell ($form)',
  ({ index, ...setting }) => {
    describe.each(CALLERS)('called by %i', uid => {
      it.runIf(able).each(cases())('behaves as the native program does: %s', name => {
        const { native, wrapped } = observed[index]!.get(uid)!;
        const shown = native.get(name)!;
        const expected = differences[name]?.(shown, setting, uid) ?? shown;
        expect(shown).not.toMatch(/timeout|died|never/);
        if (typeof expected === 'string') expect(wrapped.get(name)).toBe(expected);
        else expect(wrapped.get(name)).toMatch(expected);
      });
    });
  },
);
