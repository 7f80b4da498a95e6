import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { install } from '../e2e/app.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from './flix.ts';

const at = scratch();

describe('flix try --vm', () => {
  it('refuses options that have no meaning in a virtual machine, and --kernel without one', async () => {
    fs.mkdirSync(at('tree/usr'), { recursive: true });
    const attempt = (...options: string[]) => flix(['try', at('tree'), ...options, '--', 'true']);
    for (const option of [
      '--network',
      '--alone',
      '--strict',
      `--host=${at('tree')}`,
      `--report=${at('r')}`,
    ]) {
      const { status, stderr } = await attempt('--vm', at('tree'), option);
      expect([option, status, stderr]).toEqual([option, 2, expect.stringContaining('with --vm')]);
    }
    expect(await attempt('--kernel', at('tree'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--vm'),
    });
  });

  it('refuses a root without systemd or without a kernel, and says what to install or name', async () => {
    install(at('guest'));
    fs.mkdirSync(at('tree/usr'), { recursive: true });
    const attempt = () => flix(['try', at('tree'), '--vm', at('guest'), '--', 'true']);
    expect(await attempt()).toMatchObject({ status: 2, stderr: expect.stringContaining('systemd-sysv') });
    const program = fs
      .readdirSync(at('guest/usr/bin'))
      .map(name => path.join(at('guest/usr/bin'), name))
      .find(file => fs.lstatSync(file).isFile())!;
    fs.mkdirSync(at('guest/sbin'), { recursive: true });
    fs.mkdirSync(at('guest/usr/lib/systemd'), { recursive: true });
    fs.copyFileSync(program, at('guest/usr/lib/systemd/systemd'));
    fs.symlinkSync('/usr/lib/systemd/systemd', at('guest/sbin/init'));
    expect(await attempt()).toMatchObject({ status: 2, stderr: expect.stringContaining('--kernel') });
  });
});
