import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Gate } from '../../src/audit/gate.ts';
import { auditCommand } from '../../src/cli/audit.ts';
import { hostCommand } from '../../src/cli/host.ts';
import { packCommand } from '../../src/cli/pack.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { extension, host, LIB, library, program, removeRoots, root } from '../audit/world.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { run } from './run.ts';

const at = scratch();
afterAll(removeRoots);

const TODAY = root('today', {
  ...host('ID=os\nVERSION_ID=1\n'),
  [`${LIB}/libz.so.1`]: library('libz.so.1'),
});
const NEXT = root('next', {
  ...host('ID=os\nVERSION_ID=2\n'),
  [`${LIB}/libz.so.2`]: library('libz.so.2'),
});
const app = (needed: string, release = 'ID=os\nSYSEXT_LEVEL=1\n') =>
  extension('app', { '/usr/bin/app': program({ needed: ['libc.so.6', needed] }) }, release);
/** Broken before and after the update, so the update is not to blame. */
const sick = extension(
  'sick',
  { '/usr/bin/sick': program({ needed: ['libgone.so'] }) },
  'ID=os\nVERSION_ID=1\n',
);

const gate = async (...argv: string[]) => {
  const outcome = await run(auditCommand(), '--host', TODAY, '--next', NEXT, ...argv);
  return { ...outcome, gate: () => JSON.parse(outcome.stdout) as Gate & { readonly schema: string } };
};

describe('flix audit --next, if today’s host is a running one that has merged the extension', () => {
  const text = (content: string) => ({ text: content });
  const tool = extension('tool', { '/usr/bin/timedatectl': text('new'), '/usr/share/tool': text('') });
  const next = root('later', host('ID=os\nVERSION_ID=2\n', { '/usr/bin/timedatectl': text('old') }));
  const live = (merged: string) =>
    root('live', {
      ...host('ID=os\nVERSION_ID=1\n'),
      ...tool,
      '/usr/.systemd-sysext/extensions': text(`${merged}\n`),
    });
  const kinds = async (today: string) => {
    const argv = [root('tool', tool), '--host', today, '--next', next, '--json'];
    const { stdout } = await run(auditCommand(), ...argv);
    const { findings } = JSON.parse(stdout) as Gate;
    return findings.map(({ kind, severity }) => `${severity} ${kind}`);
  };

  it('says that what it hides may be so today, and does not blame the update', async () => {
    expect(await kinds(live('tool'))).toEqual(['info shadowing/host-file']);
    expect(await kinds(live('another'))).toEqual(['warning shadowing/host-file']);
  });

  it('says so of a profile of that host, too', async () => {
    const made = await run(hostCommand(), 'snapshot', '--root', live('tool'), '-o', at('live.profile'));
    expect(made.stderr).toContain('has merged tool');
    expect(await kinds(at('live.profile'))).toEqual(['info shadowing/host-file']);
  });

  it('names the merged extensions in an audit over it', async () => {
    const argv = [root('tool', tool), '--host', live('tool\nanother'), '--json'];
    const { findings } = JSON.parse((await run(auditCommand(), ...argv)).stdout) as AuditDocument;
    expect(findings.map(({ kind, culprit }) => `${kind} ${culprit}`)).toEqual([
      'metadata/merged-already tool, another',
    ]);
  });
});

describe('flix audit --next', () => {
  it('reports what the update breaks, but not what is broken already', async () => {
    const outcome = await gate(root('app', app('libz.so.1', 'ID=os\n')), root('sick', sick), '--json');
    const { schema, today, next, findings } = outcome.gate();
    expect([schema, today, next, outcome.status]).toEqual(['flix.gate/1', 'os 1', 'os 2', 1]);
    const told = findings.map(({ kind, culprit }) => `${kind} ${culprit}`);
    expect(told).toContain('missing/library libz.so.1');
    expect(told).not.toContain('missing/library libgone.so');
  });

  it('reports an extension that the next release would no longer merge', async () => {
    const { stdout, status } = await gate(root('app', app('libc.so.6', 'ID=os\nVERSION_ID=1\n')));
    expect(stdout).toContain('findings that the update from os 1 to os 2 adds');
    expect(stdout).toContain('metadata/');
    expect(status).toBe(1);
  });

  it('reports nothing for an extension that the update does not affect', async () => {
    const { stdout, status } = await gate(
      root('calm', extension('calm', { '/usr/share/calm': { text: '' } })),
    );
    expect([stdout, status]).toEqual([
      'the update from os 1 to os 2 has no effect on the installed extensions\n',
      0,
    ]);
  });

  it('requires exactly one host', async () => {
    const tree = root('app', app('libc.so.6'));
    const { status, stderr } = await run(auditCommand(), tree, '--next', NEXT);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--next needs exactly one --host')]);
    const feed = await run(auditCommand(), tree, '--host', TODAY, '--feed', at('feed'));
    expect([feed.status, feed.stderr]).toEqual([2, expect.stringContaining('--next')]);
  });

  it.runIf(has('tool:mkfs.erofs'))('names the newest version in a feed that works', async () => {
    for (const [version, needed] of [
      ['1', 'libz.so.1'],
      ['2', 'libz.so.2'],
      ['3', 'libz.so.3'],
    ] as const) {
      const tree = root('app', app(needed, 'ID=os\n'));
      fs.mkdirSync(at(`v${version}`));
      const to = ['--version', version, '--feed', at('feed'), '--feed-url', 'https://example.org/'];
      const { stderr, status } = await run(
        packCommand(),
        tree,
        '--format',
        'erofs',
        '-o',
        at(`v${version}/app.raw`),
        ...to,
      );
      expect([status, stderr]).toEqual([0, expect.anything()]);
    }
    const installed = root('app', app('libz.so.1', 'ID=os\n'));
    const { gate: answer } = await gate(installed, '--feed', at('feed'), '--json');
    const [one] = answer().answers;
    expect([one?.extension, one?.fits, one?.tried.map(({ version }) => version)]).toEqual([
      'app',
      '2',
      ['3', '2'],
    ]);
    expect((await gate(installed, '--feed', at('feed'))).stdout).toContain(
      'app: version 2 in the feed works on os 2',
    );
    // the next release finds its own images only
    const arch = fs.readdirSync(at('feed')).flatMap(file => /^app-2-(.*)\.raw$/.exec(file)?.[1] ?? [])[0]!;
    for (const name of ['app~os~1~5', 'app~os~2~4', 'app~other~2~6']) {
      fs.copyFileSync(at(`feed/app-2-${arch}.raw`), at(`feed/${name}-${arch}.raw`));
      fs.appendFileSync(at('feed/SHA256SUMS'), `${'0'.repeat(64)}  ${name}-${arch}.raw\n`);
    }
    const { gate: later } = await gate(installed, '--feed', at('feed'), '--json');
    expect(later().answers.map(({ fits, tried }) => [fits, tried.length])).toEqual([['4', 1]]);
  });
});

describe('flix audit --policy, --baseline', () => {
  const tree = () => root('app', app('libz.so.1', 'ID=os\n'));
  const allow = (until: string) => {
    const file = at('flix.json');
    const allowances = [{ finding: 'missing/*', reason: 'libz.so.1 comes with another extension', until }];
    fs.writeFileSync(file, JSON.stringify({ allow: allowances }));
    return file;
  };
  const missing = async (...argv: string[]) => {
    const { stdout, status, stderr } = await run(auditCommand(), tree(), '--host', NEXT, '--json', ...argv);
    const { findings } = JSON.parse(stdout || '{"findings":[]}') as AuditDocument;
    return { status, stderr, findings: findings.map(({ kind, severity }) => `${severity} ${kind}`) };
  };

  it('accepts what flix.json allows until the allowance expires', async () => {
    expect((await missing()).findings).toContain('error missing/library');
    const { findings } = await missing('--policy', allow('9999-12-31'));
    expect(findings).toContain('info missing/library');
    const expired = (await missing('--policy', allow('2001-01-01'))).findings;
    expect(expired).toEqual(
      expect.arrayContaining(['error missing/library', 'warning policy/expired-allowance']),
    );
  });

  it('refuses an allowance without a reason', async () => {
    const file = at('bad.json');
    fs.writeFileSync(file, JSON.stringify({ allow: [{ finding: '**', until: '2027-01-01' }] }));
    const { status, stderr } = await missing('--policy', file);
    expect([status, stderr]).toEqual([2, expect.stringContaining('"reason"')]);
  });

  it('writes a baseline, and accepts the findings in it', async () => {
    const file = at('baseline.json');
    expect((await missing('--write-baseline', file)).status).toBe(0);
    const { status, findings } = await missing('--baseline', file, '--fail-on', 'warning');
    expect([status, findings.every(one => one.startsWith('info '))]).toEqual([0, true]);
  });

  it('refuses a baseline that is malformed or missing', async () => {
    fs.writeFileSync(at('text'), 'text');
    for (const file of [at('text'), at('absent')]) expect((await missing('--baseline', file)).status).toBe(2);
  });
});

it('flix audit --format sarif reports the same findings', async () => {
  const tree = root('app', app('libz.so.1', 'ID=os\n'));
  const { stdout, status } = await run(auditCommand(), tree, '--host', NEXT, '--format', 'sarif');
  const { runs } = JSON.parse(stdout) as { runs: { results: { ruleId: string }[] }[] };
  expect([status, runs[0]?.results.map(({ ruleId }) => ruleId)]).toEqual([
    1,
    expect.arrayContaining(['missing/library']),
  ]);
});

it('flix audit --format markdown writes a comment for a pull request', async () => {
  const tree = root('app', app('libz.so.1', 'ID=os\n'));
  const { stdout, status } = await run(auditCommand(), tree, '--host', NEXT, '--format', 'markdown');
  expect([status, stdout]).toEqual([1, expect.stringMatching(/^\*\*flix audit:\*\* .*\n\n\| severity \|/)]);
});
