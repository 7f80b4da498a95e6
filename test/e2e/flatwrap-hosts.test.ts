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
  /** Commands for sh; `probe` is the wrapper. */
  readonly call: string;
  readonly status: number;
  readonly prints: RegExp;
}

/** An unshare like that of util-linux 2.33: the options that it has work, but newer ones are missing. */
const oldUnshare = `cp /usr/bin/unshare /run/unshare
  printf '%s\\n' '#!/bin/sh' '[ "$1" = --help ] && exec echo Usage: unshare -r' 'exec /run/unshare "$@"' >/run/old
  chmod 755 /run/old; mount --bind /run/old /usr/bin/unshare`;

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
uid=$1 given=$2 call=$3 tree=$4
eval "$given"
cd /
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
  fs.copyFileSync('/usr/bin/bwrap', path.join(lab, 'own/usr/bin/bwrap'));
  await execa('cp', ['-a', path.join(lab, 'tree'), path.join(lab, 'data', path.basename(TREE))]);
});

afterAll(() => {
  if (able) fs.rmSync(scratch, { recursive: true, force: true });
});

it.runIf(able).each(cases)(
  'a wrapper does what it should on $name',
  async ({ given = '', merged, form = 'overmount' as const, uid, call, status, prints }) => {
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
    ]);
    const { exitCode, all } = await execa(command!, rest, { all: true, reject: false, stdin: 'ignore' });
    expect(all).toMatch(prints);
    expect(exitCode).toBe(status);
  },
);
