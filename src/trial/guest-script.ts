import { shellWord } from '../shell-word.ts';
import { MODULES } from './guest-kernel.ts';

/** The directory of the guest for the script and its results. */
const HOME = '/flix-trial';

/** What the guest answers. */
export interface GuestAnswer {
  /** The exit status of the command. */
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** The names of the merged extensions. */
  readonly merged: readonly string[];
  /** The units that failed since the machine started. */
  readonly failed: readonly string[];
  /** The last lines of the journal. */
  readonly journal: string;
}

/** Units and settings, by path. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  '/etc/modules-load.d/flix-trial.conf': `${MODULES.join('\n')}\n`,
  '/etc/systemd/system/systemd-sysext.service.d/flix-trial.conf':
    '[Unit]\nAfter=systemd-modules-load.service\n',
  '/etc/systemd/system/systemd-confext.service.d/flix-trial.conf':
    '[Unit]\nAfter=systemd-modules-load.service\n',
  // nobody is there to answer the prompt of an emergency
  '/etc/systemd/system/emergency.service.d/flix-trial.conf':
    '[Service]\nExecStartPre=\nExecStart=\nExecStart=systemctl poweroff --force --force\n',
  '/etc/systemd/system/flix-trial.service': `[Unit]
Description=The command of flix try
After=basic.target systemd-sysext.service systemd-confext.service
[Service]
Type=exec
ExecStart=/bin/sh ${HOME}/run
StandardInput=null
`,
};

/** The parts of an answer. A line `NAME SIZE` precedes each. */
const PARTS = ['status', 'merged', 'failed', 'journal', 'stdout', 'stderr'] as const;
/** The guest sends no more of a part, in bytes. */
const MAX_PART = 16 * 1_048_576;

/** What the guest runs. */
export interface GuestCommand {
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** Returns the files that make a guest run a command, by path. */
export function guestFiles(request: GuestCommand): Readonly<Record<string, string>> {
  return { ...CONFIGURATION, [`${HOME}/run`]: script(request) };
}

/** Returns the script that runs the command when the machine has started, and answers on the second serial port. */
function script({ environment, command }: GuestCommand): string {
  const variables = Object.entries(environment).map(([name, value]) => shellWord(`${name}=${value}`));
  return `cd ${HOME}
while systemctl is-system-running 2>/dev/null | grep -Eq '^(initializing|starting)$'; do sleep 1; done
echo 'flix: the machine has started, and runs the command' >/dev/console
systemd-sysext status --json=short >merged 2>/dev/null
systemd-confext status --json=short >>merged 2>/dev/null
(cd /root && env -i ${[...variables, ...command.map(shellWord)].join(' ')}) >stdout 2>stderr </dev/null
echo $? >status
echo 'flix: the command has ended' >/dev/console
systemctl list-units --failed --plain --no-legend >failed 2>/dev/null
journalctl --boot --no-pager --lines=200 --output=short-monotonic >journal 2>/dev/null
stty -F /dev/ttyS1 raw -echo
for part in ${PARTS.join(' ')}; do
  size=$(stat -c %s $part)
  [ "$size" -le ${MAX_PART} ] || size=${MAX_PART}
  echo "$part $size"
  head -c "$size" $part
done >/dev/ttyS1
echo end >/dev/ttyS1
systemctl poweroff --force --force
`;
}

/** Reads the answer of the guest; `undefined`: it is incomplete. */
export function readAnswer(bytes: Buffer): GuestAnswer | undefined {
  const parts = new Map<string, Buffer>();
  let at = 0;
  for (const name of PARTS) {
    const line = bytes.indexOf(10, at);
    const size = Number(/^\w+ (\d+)$/.exec(bytes.toString('latin1', at, line))?.[1]);
    if (line < 0 || Number.isNaN(size) || line + 1 + size > bytes.length) return undefined;
    parts.set(name, bytes.subarray(line + 1, line + 1 + size));
    at = line + 1 + size;
  }
  const text = (name: (typeof PARTS)[number]) => parts.get(name)!.toString();
  return {
    status: Number.parseInt(text('status'), 10) & 0xff,
    stdout: parts.get('stdout')!,
    stderr: parts.get('stderr')!,
    merged: mergedIn(text('merged')),
    failed: text('failed')
      .split('\n')
      .flatMap(line => line.split(' ')[0] || [])
      .sort(),
    journal: text('journal'),
  };
}

/** Reads the names of extensions from lines of `systemd-sysext status --json=short`. */
function mergedIn(text: string): string[] {
  const lists = [...text.matchAll(/"extensions":(\[[^\]]*\])/g)].flatMap(([, list]) => {
    try {
      return JSON.parse(list!) as unknown[];
    } catch {
      return [];
    }
  });
  return [...new Set(lists.map(String))].sort();
}
