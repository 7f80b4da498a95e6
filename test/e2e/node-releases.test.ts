import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { packCommand } from '../../src/cli/pack.ts';
import { nodeRelease } from '../lab/node-release.ts';
import { has } from '../lab/requires.ts';
import { install } from './app.ts';

const bundle = fileURLToPath(new URL('../../dist/flix.mjs', import.meta.url));
const able = has('npmRegistry', 'tool:gcc', 'tool:patchelf', 'tool:flock');

const formats = choices(packCommand(), '--format');
const images = formats.filter(format => format !== 'directory' && format !== 'tar');

describe.runIf(able).each(['18.19.0', 'latest'])('the bundle on Node %s', version => {
  let node: string;
  let work: string;
  let flix: (...argv: string[]) => Promise<string>;

  beforeAll(async () => {
    node = await nodeRelease(version);
    work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-node-'));
    flix = async (...argv) => {
      const { exitCode, stdout, stderr } = await execa(node, [bundle, ...argv], { cwd: work, reject: false });
      // audit exits with 1 if it has findings; so does Node after a crash, but then it prints a stack
      const answered = exitCode === 0 || (exitCode === 1 && argv[0] === 'audit');
      if (!answered || /^ {4}at |Warning:/m.test(stderr))
        throw new Error(`flix ${argv.join(' ')}: ${stderr}`);
      return stdout;
    };
    install(path.join(work, 'app'));
    await flix('vendor', 'app', '--staging', '/', '--name', 'app', '--quiet');
  });
  afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

  it('vendors a program in both modes', async () => {
    expect(fs.existsSync(path.join(work, 'app/usr/lib/extension-release.d/extension-release.app'))).toBe(
      true,
    );
    await flix('vendor', '/', '/usr/bin/true', '--mode', 'flatwrap', '--out', 'wrapped', '--quiet');
    expect(fs.existsSync(path.join(work, 'wrapped/usr/bin/true'))).toBe(true);
  });

  it.each(formats)('packs %s', async format => {
    fs.mkdirSync(path.join(work, format));
    await flix('pack', 'app', '-o', `${format}/app.raw`, '--format', format, '--compress', 'fast', '--quiet');
    expect(fs.existsSync(path.join(work, format, 'app.raw'))).toBe(true);
  });

  it.each(images)('verifies, lists and extracts %s', async format => {
    const image = `${format}/app.raw`;
    await flix('verify', image);
    expect(await flix('list', image)).toContain('/usr/bin/app');
    await flix('extract', image, `${format}/out`);
    expect(fs.existsSync(path.join(work, format, 'out/usr/bin/app'))).toBe(true);
  });

  it.each(choices(auditCommand(), '--format'))('audits and prints %s', async format => {
    expect(await flix('audit', 'app', '--format', format)).not.toBe('');
  });

  it('records the profile of a host', async () => {
    install(path.join(work, 'host'));
    fs.writeFileSync(path.join(work, 'host/usr/lib/os-release'), 'ID=debian\nVERSION_ID=12\n');
    await flix('host', 'snapshot', '--root', 'host', '-o', 'host.profile', '--quiet');
    expect(await flix('audit', 'app', '--host', 'host.profile')).not.toBe('');
  });
});

function choices(command: ReturnType<typeof packCommand>, flag: string): readonly string[] {
  const option = command.options.find(({ long }) => long === flag);
  if (!option?.argChoices) throw new Error(`${command.name()} has no choices for ${flag}`);
  return option.argChoices;
}
