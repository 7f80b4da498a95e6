import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../cli/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const able = has('archive', 'mountNamespace', 'tool:bwrap', 'tool:strace', 'tool:setpriv');

describe.runIf(able)('flix trace', () => {
  let scratch: string;
  let root: string;
  beforeAll(async () => {
    scratch = fs.mkdtempSync('/var/tmp/flix-e2e-');
    root = await labRoot('apps-bookworm');
  });
  afterAll(() => fs.rmSync(scratch, { recursive: true }));

  const INIT = ['git', 'init', '--quiet', '/root/new'];
  const trace = async (options: readonly string[], ...command: string[]) => {
    const report = path.join(scratch, 'report.json');
    const result = await flix([
      'trace',
      root,
      '/usr/bin/git',
      ...options,
      '--report',
      report,
      '--',
      ...command,
    ]);
    return { ...result, report: JSON.parse(fs.readFileSync(report, 'utf8')) };
  };
  interface Item {
    readonly path: string;
    readonly because?: string;
  }
  const toBring = ({ uncovered }: { uncovered: Item[] }) =>
    uncovered.filter(({ because }) => because === undefined).map(item => item.path);

  it('names the files of the root that a run used and vendor would not bring, by package', async () => {
    const { status, stderr, report } = await trace([], ...INIT);
    expect(status).toBe(0);
    expect(toBring(report)).toEqual(['/usr/share/git-core']);
    expect(report.uncovered).toContainEqual(
      expect.objectContaining({ package: 'git', programs: ['/usr/bin/git'], path: '/usr/share/git-core' }),
    );
    expect(stderr).toContain(`Bring it: flix vendor ${root} /usr/bin/git --seen /usr/share/git-core`);
    expect(fs.existsSync(path.join(root, 'root/new'))).toBe(false);
  });

  it('names nothing once the plan brings it', async () => {
    const { report } = await trace(['--include', '/usr/share/git-core'], ...INIT);
    expect(toBring(report)).toEqual([]);
    expect(report.covered).toBeGreaterThan(5);
  });

  it('tells what an extension cannot or need not bring', async () => {
    const { report } = await trace(
      ['--include', '/usr/share/git-core'],
      'sh',
      '-c',
      'git --version; cat /etc/passwd',
    );
    expect(report.uncovered).toContainEqual(
      expect.objectContaining({ path: '/etc/passwd', because: 'outside' }),
    );
    expect(report.uncovered).toContainEqual(
      expect.objectContaining({ path: '/usr/bin/cat', because: 'every host has it' }),
    );
  });

  it('passes the exit status on, and refuses a command line without a path or a command', async () => {
    expect((await trace([], 'sh', '-c', 'exit 9')).status).toBe(9);
    for (const args of [
      [root, '--', 'true'],
      [root, '/usr/bin/git'],
      ['--', 'true'],
    ]) {
      const { status, stderr } = await flix(['trace', ...args]);
      expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('flix') });
    }
  });
});
