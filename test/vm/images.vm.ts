import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesReader } from '../../src/elf/reader.ts';
import { readGpt } from '../../src/image/gpt.ts';
import { makeKey } from '../image/ddi.ts';
import { flix } from '../lab/flix.ts';
import { labRoot } from '../lab/roots.ts';
import { runInVm, type VmCase, type VmResult, whyNoVm } from '../lab/vm.ts';

/** What systemd itself makes of the images that flix packs, with systemd as PID 1 and dm-verity. */

const whyNot = await whyNoVm();
if (whyNot !== undefined) console.error(`skipped: test/vm/images.vm.ts needs a virtual machine: ${whyNot}`);

const TRANSCRIPT = '/usr/lib/x86_64-linux-gnu/transcript1';
const DEVICES = 'dmsetup table | grep -c verity';
/** Runs both programs on a terminal until they have drawn their screens, and prints each screen as one line of text. */
const RUN = `
export TERM=xterm
mkfifo /tmp/keyboard
screen() { sed 's/\\x1b[[][0-9;?]*[A-Za-z]//g' /tmp/screen | tr -d '\\n' | head -c 100000; }
drawn_or_ended() { # PATTERN
  screen | LC_ALL=C grep -qaE "$1" || ! kill -0 "$program" 2>/dev/null && echo yes
}
draw() { # PATTERN COMMAND
  : >/tmp/screen
  script -qfc "stty rows 40 cols 120; exec $2" /tmp/screen <>/tmp/keyboard >/dev/null 2>&1 &
  program=$!
  wait_for yes drawn_or_ended "$1" >/dev/null
  kill "$program"
  wait "$program"
  screen
  echo
}
draw 'cpu.*mem.*proc' 'btop --utf-force'
draw 'File +Edit +Search' tilde
${DEVICES}`;

const names = [
  'signed',
  'unpolicied',
  'unknown certificate',
  'unknown certificate, no policy',
  'no certificate',
  'no signature',
  'signature changed',
  'data changed',
  'tree changed',
  'portable service',
  'service with a policy',
] as const;

/** Makes a vendored tree the root of a portable service. */
const PORTABLE = {
  'etc/machine-id': '',
  'etc/resolv.conf': '',
  'usr/lib/os-release': 'ID=flix-test\nVERSION_ID=1\n',
  'usr/lib/systemd/system/monitor.service': `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/btop --version
`,
};
const ATTACH = `
# the bus would wait for its start for 25 s only
systemctl start systemd-portabled.service
portablectl attach --runtime --now monitor >&2
wait_for active systemctl is-active monitor.service
logged() { journalctl --unit monitor.service --output cat | grep -o 'btop version'; }
wait_for 'btop version' logged
portablectl detach --runtime --now monitor >&2
wait_for detached portablectl is-attached monitor`;

/** Runs the commands of docs/signing.md, then restarts the service with each image, and reports what is merged. */
function policyScript(): string {
  const page = fs.readFileSync(new URL('../../docs/signing.md', import.meta.url), 'utf8');
  const [, commands] = /^## Refuse all others\n[^]*?^```sh\n([^]*?)^```/m.exec(page) ?? [];
  return `cd /root/signing
set -e
# the machine merges by itself
systemctl unmask systemd-sysext.service
${commands!}
set +e
attempt() { # COMMAND IMAGE
  rm -f /var/lib/extensions/*
  cp "$2" /var/lib/extensions/btop.raw
  systemctl "$1" systemd-sysext.service && result=done || result=failed
  echo "$1 $2 $result: $(command -v btop)"
}
attempt restart signed.raw
${DEVICES}
attempt reload unsigned.raw
attempt restart unsigned.raw
attempt restart changed.raw
attempt restart signed.raw
journalctl --unit systemd-sysext.service --output cat | grep -o 'btop.raw: Image does not match.*' | sort -u
rm /var/lib/extensions/*
systemctl stop systemd-sysext.service
rm -r /etc/systemd/system/systemd-sysext.service.d
systemctl mask systemd-sysext.service`;
}

describe.skipIf(whyNot !== undefined)(
  'an image that flix packed, in a machine with systemd and dm-verity',
  () => {
    const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-vm-test-'));
    const at = (name: string) => path.join(work, name);
    let results: Readonly<Record<(typeof names)[number], VmResult>>;

    beforeAll(async () => {
      const root = await labRoot('apps-bookworm');
      const [own, other] = [makeKey(at('own'), 'flix test'), makeKey(at('other'), 'somebody else')];
      await flix('vendor', root, '--name', 'btop', '--out', at('btop'), '/usr/bin/btop', '/usr/share/btop');
      await flix(
        'vendor',
        root,
        '--name',
        'tilde',
        '--out',
        at('tilde'),
        '/usr/bin/tilde',
        '/usr/share/tilde',
        TRANSCRIPT,
      );
      for (const name of ['btop', 'tilde'])
        await flix('pack', at(name), '--sign', '--key', own.key, '--certificate', own.certificate);
      await flix('pack', at('btop'), '-o', at('unsigned.raw'), '--name', 'btop');

      const [data, tree, signature] = readGpt(bytesReader(fs.readFileSync(at('btop.raw'))))!.partitions;
      const changed = (name: string, offset: number) => {
        const bytes = fs.readFileSync(at('btop.raw'));
        bytes[offset]! ^= 1;
        fs.writeFileSync(at(name), bytes);
        return at(name);
      };
      // the end of the signature itself: systemd has its own copy of the certificate in front of it
      const end = fs.readFileSync(at('btop.raw')).indexOf('"}', signature!.offset);
      await portableImage(at('btop'), at('monitor'), own);
      fs.mkdirSync(at('policy/root/signing'), { recursive: true });
      fs.copyFileSync(own.certificate, at('policy/root/signing/cert.pem'));
      fs.copyFileSync(at('btop.raw'), at('policy/root/signing/signed.raw'));
      fs.copyFileSync(at('unsigned.raw'), at('policy/root/signing/unsigned.raw'));
      fs.copyFileSync(changed('changed.raw', end - 40), at('policy/root/signing/changed.raw'));
      const both = { 'btop.raw': at('btop.raw'), 'tilde.raw': at('tilde.raw') };
      const policy = 'root=signed+absent:usr=signed+absent';
      const certificates = [own.certificate];
      const compare = readAll(at('btop'));
      const cases: Record<(typeof names)[number], VmCase> = {
        signed: { extensions: both, certificates, policy, script: RUN },
        unpolicied: { extensions: both, certificates, script: DEVICES },
        'unknown certificate': {
          extensions: both,
          certificates: [other.certificate],
          policy,
          script: 'true',
        },
        'unknown certificate, no policy': {
          extensions: both,
          certificates: [other.certificate],
          script: 'true',
        },
        'no certificate': { extensions: both, policy, script: 'true' },
        'no signature': {
          extensions: { 'btop.raw': at('unsigned.raw') },
          certificates,
          policy,
          script: 'true',
        },
        'signature changed': {
          extensions: { 'btop.raw': changed('signature.raw', end - 40) },
          certificates,
          policy,
          script: compare,
        },
        'data changed': {
          // in the middle of the largest file
          extensions: { 'btop.raw': changed('data.raw', data!.offset + Math.floor(data!.size / 2)) },
          certificates,
          policy,
          script: compare,
        },
        'tree changed': {
          extensions: { 'btop.raw': changed('tree.raw', tree!.offset + tree!.size - 4096 + 40) },
          certificates,
          policy,
          script: compare,
        },
        'service with a policy': { root: at('policy'), script: policyScript() },
        'portable service': { root: at('monitor/host'), certificates, script: ATTACH },
      };
      results = await runInVm(cases);
    });
    afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

    it('is merged under dm-verity where its certificate is trusted, and its program runs', () => {
      const { merged, stdout, merge } = results.signed;
      expect(merged, merge.text).toEqual(['btop', 'tilde']);
      const [btop, tilde, devices] = stdout.split('\n');
      expect(btop).toMatch(/cpu[^]*mem[^]*proc/);
      expect(tilde).toMatch(/File +Edit +Search/);
      expect(devices).toBe('2');
    });

    it('is verified by its signature even if no image policy asks for that', () => {
      const { merged, stdout, merge } = results.unpolicied;
      expect(merged, merge.text).toEqual(['btop', 'tilde']);
      expect(stdout).toBe('2\n');
    });

    it.each([
      'unknown certificate',
      'unknown certificate, no policy',
      'no certificate',
      'no signature',
      'signature changed',
    ] as const)('is refused by systemd-sysext: %s', name => {
      const { merge, merged } = results[name];
      expect(merge.status, merge.text).not.toBe(0);
      expect(merged).toEqual([]);
    });

    it('is merged by the service as docs/signing.md sets it up, which refuses an unsigned and a changed image', () => {
      const { stdout, stderr } = results['service with a policy'];
      expect(stdout.trim().split('\n'), stderr).toEqual([
        'restart signed.raw done: /usr/bin/btop',
        '1',
        // what was merged before stays
        'reload unsigned.raw failed: /usr/bin/btop',
        'restart unsigned.raw failed: ',
        'restart changed.raw failed: ',
        'restart signed.raw done: /usr/bin/btop',
        'btop.raw: Image does not match image policy.',
      ]);
    });

    it('can be attached as a portable service, which runs the vendored program, and detached again', () => {
      const { stdout, stderr } = results['portable service'];
      expect(stdout.trim().split('\n'), stderr).toEqual(['active', 'btop version', 'detached']);
    });

    it.each(['data changed', 'tree changed'] as const)('never yields changed bytes: %s', name => {
      const { merge, stdout } = results[name];
      const lines = stdout.split('\n').filter(line => line.startsWith('/usr/'));
      const served = lines.filter(line => line.endsWith(' differs'));
      expect(served).toEqual([]);
      // the changed block was read, so that the test means something
      expect(merge.status !== 0 || lines.some(line => line.endsWith(' unreadable')), stdout).toBe(true);
    });
  },
);

/** Packs a program as a portable image to `directory`/host/var/lib/portables, for a host to copy over its root. */
async function portableImage(
  program: string,
  directory: string,
  { key, certificate }: ReturnType<typeof makeKey>,
): Promise<void> {
  const tree = path.join(directory, 'tree');
  fs.cpSync(program, tree, { recursive: true, verbatimSymlinks: true });
  for (const place of ['proc', 'sys', 'dev', 'run', 'tmp', 'var/tmp', 'etc'])
    fs.mkdirSync(path.join(tree, place), { recursive: true });
  for (const [name, text] of Object.entries(PORTABLE)) {
    fs.mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
    fs.writeFileSync(path.join(tree, name), text);
  }
  const images = path.join(directory, 'host/var/lib/portables');
  fs.mkdirSync(images, { recursive: true });
  const signed = ['--sign', '--key', key, '--certificate', certificate];
  await flix('pack', tree, '--type', 'portable', '-o', path.join(images, 'monitor.raw'), ...signed);
}

/** A script that prints for each file of the tree whether it is the `same` as packed, `differs` or is `unreadable`. */
function readAll(tree: string): string {
  const files = fs
    .readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter(name => fs.lstatSync(path.join(tree, name)).isFile());
  const sums = files.map(name => `${sha256(path.join(tree, name))}  /${name}`);
  return `while read -r sum name; do
  found=$(sha256sum "$name" 2>/dev/null) || { echo "$name unreadable"; continue; }
  [ "\${found%% *}" = "$sum" ] && echo "$name same" || echo "$name differs"
done <<'END'\n${sums.join('\n')}\nEND\n`;
}

function sha256(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}
