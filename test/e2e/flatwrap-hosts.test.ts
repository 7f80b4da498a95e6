import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wrapProbe } from '../lab/flatwrap/behaviour.ts';
import { inMergedHost, type MergedHost } from '../lab/flatwrap/merged-host.ts';
import { has } from '../lab/requires.ts';

const able = has('root', 'mountNamespace', 'userNamespace', 'archive', 'tool:gcc', 'tool:bwrap');

/** The path of a tree, with characters that break careless quoting. */
const TREE = `/mnt/a b:c,'$d"`;

interface Case {
  readonly name: string;
  /** Shell commands that prepare the host. They run as root in a new mount namespace. */
  readonly given?: string;
  readonly merged: boolean;
  /** The form of the tree; default overmount. */
  readonly form?: 'chroot';
  readonly uid: number;
  /** The working directory; default `/`. */
  readonly from?: string;
  /** Commands for sh; `probe` is the wrapper. */
  readonly call: string;
  readonly status: number;
  readonly prints: RegExp;
}

/** An unshare like that of util-linux 2.33: the options that it has work, but newer ones are missing. */
const oldUnshare = `cp /usr/bin/unshare /run/unshare
  printf '%s\\n' '#!/bin/sh' '[ "$1" = --help ] && exec echo Usage: unshare -r' 'exec /run/unshare "$@"' >/run/old
  chmod 755 /run/old; mount --bind /run/old /usr/bin/unshare`;

/** A library that writes into /mnt/log which program loads it. */
const DECOY = `
#include <fcntl.h>
#include <unistd.h>
unsigned la_version(unsigned version) { return version; }
__attribute__((constructor)) static void seen(void) {
  char name[4096];
  long length = readlink("/proc/self/exe", name, sizeof name - 1);
  int log = open("/mnt/log", O_WRONLY | O_APPEND);
  name[length] = '\\n';
  write(log, name, length + 1);
}
`;

/** Makes libraries, of which the helpers of wrappers need some, and empty files for what is seen. */
const decoys = `: >/mnt/log; : >/mnt/seen; chmod 666 /mnt/log /mnt/seen; mkdir -p /mnt/decoys
  for name in libmount.so.1 libblkid.so.1 libselinux.so.1 libcap.so.2; do cp /mnt/decoy.so /mnt/decoys/$name; done`;

const HOSTILE = [
  'LD_PRELOAD=/mnt/decoy.so',
  'LD_AUDIT=/mnt/decoy.so',
  'LD_LIBRARY_PATH=/mnt/decoys',
  'LD_PRELOAD=/mnt/decoy.so LD_AUDIT=/mnt/decoy.so LD_LIBRARY_PATH=/mnt/decoys',
];

const closed = 'mkdir -p /mnt/closed; chmod 700 /mnt/closed';

const noNamespaces = 'echo 0 >/run/value; mount --bind /run/value /proc/sys/user/max_user_namespaces';

const cases: readonly Case[] = [
  ...[0, 1000].flatMap((uid): Case[] => [
    {
      name: `a host without ld.so.cache, uid ${uid}`,
      given: 'rm /etc/ld.so.cache',
      merged: true,
      uid,
      call: 'probe libc',
      status: 0,
      prints: /libc\.so\.6 ok/,
    },
    {
      name: `a tree that is not merged, uid ${uid}`,
      merged: false,
      uid,
      call: 'probe libc',
      status: 125,
      prints:
        /^probe: \/usr\/local\/probe does not exist: is the extension merged\? .* set FLATWRAP_ROOT=TREE$/,
    },
    {
      name: `a trial of a tree that is not merged, uid ${uid}`,
      merged: false,
      uid,
      call: 'cd /home/user; FLATWRAP_ROOT=$tree probe directory && FLATWRAP_ROOT=$tree probe ids && FLATWRAP_ROOT=$tree probe environment',
      status: 0,
      prints: new RegExp(`^/home/user\n.*\nuid ${uid} ${uid} ${uid}\n(?![^]*FLATWRAP_ROOT)`),
    },
    {
      name: `a trial of a directory that is not its tree, uid ${uid}`,
      merged: false,
      uid,
      call: 'FLATWRAP_ROOT=/nowhere probe libc',
      status: 125,
      prints: /^probe: FLATWRAP_ROOT=\/nowhere is not its tree/,
    },
    {
      name: `a mount that fails, uid ${uid}`,
      given: 'mount --bind /dev/null /usr/bin/mount',
      merged: true,
      uid,
      call: 'probe libc',
      status: 125,
      prints: /^probe: cannot set up its view: .*\/usr\/bin\/mount/,
    },
  ]),
  ...[0, 1000].flatMap((uid): Case[] =>
    ([undefined, 'chroot'] as const).flatMap((form): Case[] => [
      ...HOSTILE.map((variables): Case => ({
        name: `a caller who sets ${variables}, ${form ?? 'overmount'}, uid ${uid}`,
        given: decoys,
        merged: true,
        ...(form ? { form } : {}),
        uid,
        // env starts the wrapper itself, so that of the wrapper's processes only the shell sees the variables
        call: `env ${variables} /usr/bin/probe environment >/mnt/seen || exit; grep -c ^LD_ /mnt/seen; sort -u /mnt/log`,
        status: 0,
        prints: variables.includes('decoy.so') ? /^0\n\/usr\/bin\/dash$/ : /^0$/,
      })),
      {
        name: `a working directory that only root may enter, ${form ?? 'overmount'}, uid ${uid}`,
        given: closed,
        merged: true,
        ...(form ? { form } : {}),
        uid,
        from: '/mnt/closed',
        call: 'probe directory',
        status: 0,
        prints: form && uid !== 0 ? /^\/\n/ : /^\/mnt\/closed$/m,
      },
    ]),
  ),
  {
    name: 'an old unshare',
    given: oldUnshare,
    merged: true,
    form: 'chroot',
    uid: 0,
    call: 'probe libc',
    status: 125,
    prints:
      /^probe: cannot enter its view: \/usr\/bin\/unshare does not come from util-linux 2\.36 or newer$/,
  },
  {
    name: 'an old unshare, where the view brings its own',
    given: oldUnshare,
    merged: true,
    uid: 1000,
    call: 'probe libc',
    status: 0,
    prints: /libc\.so\.6 ok/,
  },
  {
    name: 'a kernel that gives users no namespaces',
    given: `${noNamespaces}; mount --bind /dev/null /usr/bin/bwrap`,
    merged: true,
    uid: 1000,
    call: 'probe libc',
    status: 125,
    prints:
      /^probe: the kernel lets only root create user namespaces \(user\/max_user_namespaces=0\), and there is no \/usr\/bin\/bwrap$/,
  },
  {
    name: 'a kernel that gives users no namespaces, called by root',
    given: noNamespaces,
    merged: true,
    uid: 0,
    call: 'probe libc',
    status: 0,
    prints: /libc\.so\.6 ok/,
  },
  {
    name: 'a kernel that gives bwrap what it denies to unshare',
    // the wrapper reads another file, and the kernel itself stays unchanged
    given: `mkdir -p /run/sys/user; echo 0 >/run/sys/user/max_user_namespaces
      sed 's,/proc/sys/,/run/sys/,' /usr/bin/probe >/run/probe`,
    merged: true,
    uid: 1000,
    call: 'cd /home/user; probe() { sh /run/probe "$@"; }; probe libc && probe directory && probe devices && probe exit 7',
    status: 7,
    prints: /libc\.so\.6 ok\n.*\n\/home\/user\n.*\nnull ok\nzero ok 1\nfull error 28\nrandom ok\n/,
  },
];

const RUN = `
uid=$1 given=$2 call=$3 tree=$4 from=$5
eval "$given"
cd "$from"
exec setpriv --reuid $uid --regid $uid --clear-groups sh -c '
  tree=$1
  probe() { if [ -e /usr/bin/probe ]; then /usr/bin/probe "$@"; else "$tree/usr/bin/probe" "$@"; fi; }
  eval "$2"
' sh "$tree" "$call"
`;

let scratch: string;
const hosts: Record<'overmount' | 'chroot', MergedHost | undefined> = {
  overmount: undefined,
  chroot: undefined,
};

beforeAll(async () => {
  if (!able) return;
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-hosts-'));
  fs.chmodSync(scratch, 0o755);
  const lab = path.join(scratch, 'lab');
  hosts.overmount = await wrapProbe(
    { host: 'host-trixie', tree: 'host-bookworm', shell: 'dash', form: 'overmount' },
    lab,
  );
  hosts.chroot = await wrapProbe(
    { host: 'host-trixie', tree: 'split-bookworm', shell: 'dash', form: 'chroot' },
    path.join(scratch, 'chroot'),
  );
  for (const { scratch: place } of [hosts.overmount, hosts.chroot])
    await execa(
      'gcc',
      ['-shared', '-fPIC', '-Wno-unused-result', '-x', 'c', '-', '-o', path.join(place, 'data/decoy.so')],
      {
        input: DECOY,
      },
    );
  fs.copyFileSync('/usr/bin/bwrap', path.join(lab, 'own/usr/bin/bwrap'));
  await execa('cp', ['-a', path.join(lab, 'tree'), path.join(lab, 'data', path.basename(TREE))]);
});

afterAll(() => {
  if (able) fs.rmSync(scratch, { recursive: true, force: true });
});

it.runIf(able).each(cases)(
  'a wrapper does what it should on $name',
  async ({ given = '', merged, form = 'overmount' as const, uid, from = '/', call, status, prints }) => {
    const host = hosts[form]!;
    const layers = merged ? host.layers : host.layers.slice(1);
    const [command, ...rest] = inMergedHost({ ...host, layers }, [
      'sh',
      '-c',
      RUN,
      'run',
      String(uid),
      given,
      call,
      TREE,
      from,
    ]);
    const { exitCode, all } = await execa(command!, rest, { all: true, reject: false, stdin: 'ignore' });
    expect(all).toMatch(prints);
    expect(exitCode).toBe(status);
  },
);
