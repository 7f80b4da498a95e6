import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { releasePath } from '../../../src/systemd/extension-release.ts';
import { extensionRules, type ExtensionType } from '../../../src/systemd/extension-type.ts';
import { buildFixture } from '../fixture.ts';
import { type ActivationCase, type Files, RELOADS } from './case.ts';

/** The host's own systemd merges the extensions when its own units say so. */
const BOOT = `
set -eu
at=$1 root=$2 host=$3 extensions=$4 data=$5 place=$6
mount -t tmpfs flix-lab "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay flix-lab -o "lowerdir=$root,upperdir=$at/upper,workdir=$at/work" "$at/root"
cp -a "$host/." "$at/root"
mkdir -p "$at/root$place"
cp -a "$extensions/." "$at/root$place"
# guests that share a cgroup take those of their services from each other
groups() { for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ ! -e "$tree/cgroup.procs" ] || "$1" "$tree" "$tree/flix-lab.$$" || :
done; }
enter() { mkdir "$2"; echo $$ >"$2/cgroup.procs"; }
leave() { echo $$ >"$1/cgroup.procs"; find "$2" -depth -type d -exec rmdir {} +; }
groups enter
# without a network of its own it could set no parameter of the kernel
timeout 500 systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe \\
  --bind="$data:/mnt" -D "$at/root" -b || :
groups leave
`;

const PLACES = { sysext: '/var/lib/extensions', confext: '/var/lib/confexts' } as const;

const UNITS = '/etc/systemd/system';

/** Files that turn a lab root into a bootable host, run the test in it, and disable slow services. */
const hostOf = (service: string): Files => ({
  [`${UNITS}/default.target`]: { link: '/usr/lib/systemd/system/multi-user.target' },
  [`${UNITS}/sysinit.target.wants/${service}`]: { link: `/usr/lib/systemd/system/${service}` },
  ...Object.fromEntries(
    ['ldconfig', 'systemd-journal-catalog-update'].map(name => [
      `${UNITS}/${name}.service`,
      { link: '/dev/null' },
    ]),
  ),
  // unordered units would race; the result must be the same every time
  [`${UNITS}/${service}.d/last.conf`]: {
    text: '[Unit]\nAfter=systemd-sysctl.service systemd-sysusers.service\n',
  },
  [`${UNITS}/multi-user.target.wants/ask.service`]: { link: '../ask.service' },
  [`${UNITS}/ask.service`]: {
    text: `[Unit]
DefaultDependencies=no
After=multi-user.target
SuccessAction=exit-force
FailureAction=exit-force

[Service]
ExecStart=/bin/sh /mnt/ask
`,
  },
});

/**
 * Waits until systemd has no jobs left. A unit that `Upholds=` or a timer starts gets its job one turn of the manager's
 * event loop later, so five answers in a row must list no job. On a slow machine, each answer takes longer as well.
 */
const SETTLE = `
quiet=0
for try in $(seq 3000); do
  if [ -n "$(systemctl list-jobs --no-legend)" ]; then quiet=0; else quiet=$((quiet + 1)); fi
  [ $quiet -lt 5 ] || break
  sleep 0.1
done
`;
const settle = 'sh /mnt/settle';

const ask = (command: string, place: string) => `
${settle}
for question in /mnt/questions/*; do
  name=\${question##*/}
  if [ -d "/mnt/late/$name" ]; then
    cp -a "/mnt/late/$name" ${place}
    ${command} refresh
    ${settle}
  fi
  sh "$question" >"/mnt/said/$name" 2>&1 </dev/null
  echo $? >"/mnt/status/$name"
done
`;

export interface Boot {
  /** A lab root that contains systemd. */
  readonly root: string;
  /** Directories that are laid over it. */
  readonly host: Files;
  readonly cases: readonly ActivationCase[];
  /** The type of the extensions. */
  readonly type: ExtensionType;
  /** An empty directory for the test. */
  readonly scratch: string;
}

export interface Booted {
  /** All directories that were laid over the root. */
  readonly host: string;
  /** Returns the directory of an extension. */
  readonly extension: (name: string) => string;
  readonly works: (name: string) => boolean;
  readonly said: (name: string) => string;
}

/** Boots a host with one extension for each case, and checks whether they work. */
export async function boot({ root, host, cases, type, scratch }: Boot): Promise<Booted> {
  const at = (...parts: string[]) => path.join(scratch, ...parts);
  const read = (...parts: string[]) => fs.readFileSync(at('data', ...parts), 'utf8').trim();
  const place = (name: string) =>
    at(cases.find(one => one.name === name)?.isLate ? 'data/late' : 'extensions', name);
  for (const name of ['at', 'host', 'extensions', 'data/late', 'data/questions', 'data/said', 'data/status'])
    fs.mkdirSync(at(name), { recursive: true });
  const { service, command, releaseDirectory } = extensionRules[type];
  lay(at('host'), { ...hostOf(service), ...host });
  for (const { name, tree, files, release = RELOADS, works } of cases) {
    if (tree !== undefined) fs.cpSync(tree, place(name), { recursive: true, verbatimSymlinks: true });
    const released = tree === undefined ? { [releasePath(name, releaseDirectory)]: { text: release } } : {};
    lay(place(name), { ...released, ...files });
    fs.writeFileSync(at('data/questions', name), works);
  }
  fs.writeFileSync(at('data/settle'), SETTLE);
  fs.writeFileSync(at('data/ask'), ask(command, PLACES[type]));

  const places = [at('at'), root, at('host'), at('extensions'), at('data'), PLACES[type]];
  const argv = ['--mount', 'sh', '-c', BOOT, 'boot', ...places];
  const { all } = await execa('unshare', argv, { all: true, reject: false, stdin: 'ignore' });
  if (fs.readdirSync(at('data/status')).length < cases.length)
    throw new Error(`it did not boot, or not to the end:\n${all}`);
  return {
    host: at('host'),
    extension: place,
    works: name => read('status', name) === '0',
    said: name => read('said', name),
  };
}

function lay(directory: string, files: Files): void {
  fs.mkdirSync(directory, { recursive: true });
  buildFixture(directory, { rule: '', source: '', files });
}
