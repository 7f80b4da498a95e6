import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { extension, host, LIB, library, program, removeRoots, root } from '../audit/world.ts';
import { makeFileSystem } from '../image/ddi.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { errorsBy, schemaOf } from '../report/schema.ts';
import { run } from './run.ts';

const at = scratch();
afterAll(removeRoots);

const errors = errorsBy(schemaOf('audit.schema.json'));
const today = root('today', { ...host('ID=os\nVERSION_ID=1\n'), [`${LIB}/libz.so.1`]: library('libz.so.1') });
const next = root('next', host('ID=os\nVERSION_ID=2\n'));
const app = root('app', extension('app', { '/usr/bin/app': program({ needed: ['libz.so.1'] }) }));
const rival = root('rival', extension('rival', { '/usr/bin/app': program({ needed: ['libgone.so'] }) }));

async function documentOf(...argv: readonly string[]): Promise<Record<string, unknown[]>> {
  const { stdout } = await run(auditCommand(), ...argv, '--json');
  return JSON.parse(stdout) as Record<string, unknown[]>;
}

describe('docs/audit.schema.json', () => {
  it('describes the audit of one extension, with and without a host', async () => {
    expect(errors(await documentOf(app))).toEqual([]);
    const document = await documentOf(app, '--host', next);
    expect(document['findings']).toContainEqual(expect.objectContaining({ kind: 'missing/library' }));
    expect(errors(document)).toEqual([]);
  });

  it('describes the audit of several extensions over several hosts', async () => {
    const document = await documentOf(app, rival, '--host', today, '--host', next);
    expect(document['hosts']).toEqual(['os 1', 'os 2']);
    expect(document['findings']).toContainEqual(expect.objectContaining({ kind: 'collisions/path' }));
    expect(errors(document)).toEqual([]);
  });

  it('describes the result of --next', async () => {
    const document = await documentOf(app, '--host', today, '--next', next);
    expect(document['schema']).toBe('flix.gate/1');
    expect(document['findings']).not.toEqual([]);
    expect(errors(document)).toEqual([]);
    const answer = {
      extension: 'app',
      extensionType: 'sysext',
      fits: null,
      tried: [{ version: '2', findings: document['findings'] }],
    };
    expect(errors({ ...document, answers: [answer] })).toEqual([]);
    expect(errors({ ...document, answers: [{ ...answer, fits: 2 }] })).not.toEqual([]);
  });

  it('describes accepted findings, and allowances that are wrong', async () => {
    const allow = ['missing/*', 'shadowing/*'].map(finding => ({
      finding,
      reason: 'foreseen',
      until: '9999-12-31',
    }));
    fs.writeFileSync(at('flix.json'), JSON.stringify({ allow }));
    const document = await documentOf(app, '--host', next, '--policy', at('flix.json'));
    expect(document['findings']).toContainEqual(expect.objectContaining({ accepted: expect.any(String) }));
    expect(document['findings']).toContainEqual(expect.objectContaining({ kind: 'policy/unused-allowance' }));
    expect(errors(document)).toEqual([]);
    await run(auditCommand(), app, '--host', next, '--write-baseline', at('baseline.json'));
    const known = await documentOf(app, '--host', next, '--baseline', at('baseline.json'));
    expect(known['findings']).toContainEqual(expect.objectContaining({ accepted: 'in the baseline' }));
    expect(errors(known)).toEqual([]);
  });

  it.runIf(has('tool:mkfs.erofs'))('describes the audit of an image', async () => {
    makeFileSystem('erofs', app, at('app.raw'));
    const document = await documentOf(at('app.raw'), '--host', next);
    expect(document['extensions']).toEqual([expect.objectContaining({ name: 'app' })]);
    expect(errors(document)).toEqual([]);
  });

  it('rejects any other member, kind or value', async () => {
    const document = await documentOf(app, '--host', next);
    const [finding, ...others] = document['findings'] as Record<string, unknown>[];
    expect(finding).toMatchObject({ kind: 'missing/library' });
    const withFinding = (changed: object) => errors({ ...document, findings: [changed, ...others] });
    expect(withFinding(finding!)).toEqual([]);
    const { searched, ...less } = finding!;
    expect(searched).toBeDefined();
    const wrong: object[] = [
      less,
      { ...finding, other: 1 },
      { ...finding, winner: 'of another kind' },
      { ...finding, kind: 'missing/everything' },
      { ...finding, kind: 'layout/setuid' },
      { ...finding, severity: 'note' },
      { ...finding, chain: [{ ...(finding!['chain'] as object[])[0], other: 1 }] },
      { ...finding, searched: [{ origin: { kind: 'guess' }, path: '/x', outcome: 'absent' }] },
    ];
    expect(wrong.filter(changed => withFinding(changed).length === 0)).toEqual([]);
    expect(errors({ ...document, other: 1 })).not.toEqual([]);
    expect(errors({ ...document, schema: 'flix.audit/2' })).not.toEqual([]);
  });
});
