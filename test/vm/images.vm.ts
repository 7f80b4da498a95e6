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
import { lacksVm, runInVm, type VmCase, type VmResult } from '../lab/vm.ts';

/** systemd's own word on what flix packs: only a machine with systemd as PID 1 and dm-verity gives it. */

const lack = await lacksVm();
if (lack !== undefined) console.error(`skipped: test/vm/images.vm.ts needs a virtual machine: ${lack}`);

const TRANSCRIPT = '/usr/lib/x86_64-linux-gnu/transcript1';
const DEVICES = 'dmsetup table | grep -c verity';
/** Both draw on a terminal for some seconds; what they drew, without colours and places, is what the script prints. */
const RUN = `
export TERM=xterm
draw() { # SECONDS COMMAND
  sleep "$(($1 + 2))" | script -qc "stty rows 40 cols 120; timeout --foreground $1 $2" /tmp/screen >/dev/null 2>&1
  sed 's/\\x1b[[][0-9;?]*[A-Za-z]//g' /tmp/screen | tr -d '\\n' | head -c 100000
  echo
}
draw 8 'btop --utf-force'
draw 4 tilde
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
] as const;

/** A vendored tree is all of a system that its service needs. */
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
portablectl attach --runtime --now monitor >&2
systemctl is-active monitor.service
journalctl --unit monitor.service --output cat | grep -o 'btop version'
portablectl detach --runtime --now monitor >&2
portablectl is-attached monitor`;

describe.skipIf(lack !== undefined)('a signed image, in a machine with dm-verity', () => {
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
    // the last digits of the signature proper; of the certificate before it, systemd uses the copy of its own
    const end = fs.readFileSync(at('btop.raw')).indexOf('"}', signature!.offset);
    await portableImage(at('btop'), at('monitor'), own);
    const both = { 'btop.raw': at('btop.raw'), 'tilde.raw': at('tilde.raw') };
    const policy = 'root=signed+absent:usr=signed+absent';
    const certificates = [own.certificate];
    const compare = readAll(at('btop'));
    const cases: Record<(typeof names)[number], VmCase> = {
      signed: { extensions: both, certificates, policy, script: RUN },
      unpolicied: { extensions: both, certificates, script: DEVICES },
      'unknown certificate': { extensions: both, certificates: [other.certificate], policy, script: 'true' },
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
      'portable service': { root: at('monitor/host'), certificates, script: ATTACH },
    };
    results = await runInVm(cases);
  });
  afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

  it('merges where its certificate is known, with dm-verity under each, and both run', () => {
    const { merged, stdout, merge } = results.signed;
    expect(merged, merge.text).toEqual(['btop', 'tilde']);
    const [btop, tilde, devices] = stdout.split('\n');
    expect(btop).toMatch(/cpu[^]*mem[^]*proc/);
    expect(tilde).toMatch(/File +Edit +Search/);
    expect(devices).toBe('2');
  });

  it('is held to its signature without a policy too', () => {
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
  ] as const)('is refused: %s', name => {
    const { merge, merged } = results[name];
    expect(merge.status, merge.text).not.toBe(0);
    expect(merged).toEqual([]);
  });

  it('is attached as a portable service, which runs the vendored program from it', () => {
    const { stdout, stderr } = results['portable service'];
    expect(stdout.trim().split('\n'), stderr).toEqual(['active', 'btop version', 'detached']);
  });

  it.each(['data changed', 'tree changed'] as const)('never serves what was changed: %s', name => {
    const { merge, stdout } = results[name];
    const lines = stdout.split('\n').filter(line => line.startsWith('/usr/'));
    const served = lines.filter(line => line.endsWith(' differs'));
    expect(served).toEqual([]);
    // the change was where it would have been read
    expect(merge.status !== 0 || lines.some(line => line.endsWith(' unreadable')), stdout).toBe(true);
  });
});

/** DIRECTORY/host becomes what is laid over a host: an image in the place where portablectl looks. */
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

/** A script that says of each file whether it reads as it was packed. */
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
