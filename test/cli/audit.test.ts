import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { explainFailure } from '../../src/cli/exit.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { directoryView } from '../../src/view/directory.ts';
import { encodeProfile } from '../../src/view/profile/profile.ts';
import { snapshot } from '../../src/view/profile/snapshot.ts';
import {
  extension,
  host,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  library,
  program,
  removeRoots,
  root,
} from '../audit/world.ts';

afterAll(removeRoots);

interface Outcome {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as main.ts does, but in this process, since a new one would take seconds to read the sources. */
async function flix(...arguments_: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map(stream =>
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      written[stream] += String(text);
      return true;
    }),
  );
  const exit = vi.spyOn(process, 'exit').mockImplementation(code => {
    throw new Exited(code);
  });
  try {
    await auditCommand().parseAsync(arguments_, { from: 'user' });
    return { status: process.exitCode ?? 0, ...written };
  } catch (error) {
    if (error instanceof Exited) return { status: error.status, ...written };
    const { status, text } = explainFailure(error);
    return { status, ...written, stderr: written.stderr + text };
  } finally {
    for (const spy of [...spies, exit]) spy.mockRestore();
    process.exitCode = undefined;
  }
}

class Exited extends Error {
  readonly status: Outcome['status'];

  constructor(status: Outcome['status']) {
    super();
    this.status = status;
  }
}

const whole = {
  '/usr/bin/app': program({ interp: PRIVATE_LOADER }),
  [PRIVATE_LOADER]: openLoader,
  [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
};
const good = root('app', extension('app', whole));
const leaky = root('app', extension('app', { '/usr/bin/app': program() }));
const debian = root('debian', host());

describe('flix audit', () => {
  it.each([
    ['error', good, 0],
    ['warning', good, 1],
    ['error', leaky, 1],
  ])('with --fail-on %s over %s exits with %i', async (failOn, tree, status) => {
    const { status: exited, stderr } = await flix(tree, '--host', debian, '--fail-on', failOn);
    expect(stderr).toBe('');
    expect(exited).toBe(status);
  });

  it('takes the name of the extension from the directory, however the path is written', async () => {
    const { stdout } = await flix(`${good}/./`, '--json', '--host', debian, '--host', debian);
    const document = JSON.parse(stdout) as AuditDocument;
    expect(document).toMatchObject({
      schema: 'flix.audit/1',
      hosts: [`debian 13 (${debian})`, `debian 13 (${debian})`],
      extensions: [{ name: 'app', programs: 1, objects: 2 }],
      findings: [{ kind: 'leaks/open-variables' }],
    });
  });

  it('lowers a finding to a note only if the manifest of a vendored tree declares it', async () => {
    const open = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT', '/etc/ld.so.cache', '/etc/ld.so.preload'];
    const vendored = (through: readonly string[]) => {
      const openings = through.map(name => ({ through: name, admits: '', file: PRIVATE_LOADER }));
      const text = JSON.stringify({
        schema: 'flix.manifest/1',
        name: 'app',
        prefix: '/usr/local/app',
        mode: 'flix',
        entries: [],
        files: [],
        remarks: [],
        open: openings,
      });
      return root('app', extension('app', { ...whole, '/usr/local/app/manifest.json': { text } }));
    };
    const all = await flix(vendored(open), '--host', debian, '--fail-on', 'warning');
    expect(all.stdout).toContain('(known, documented in the manifest)');
    expect(all.status).toBe(0);
    const some = await flix(vendored(open.slice(1)), '--host', debian, '--fail-on', 'warning');
    expect(some.status).toBe(1);
  });

  it('explains a finding without reading any tree', async () => {
    const { stdout, status } = await flix('--explain', 'missing/library');
    expect(stdout).toContain('# A library is missing');
    expect(status).toBe(0);
  });

  it('accepts a sysext and a confext of the same name', async () => {
    const release = { '/etc/extension-release.d/extension-release.app': { text: 'ID=_any\n' } };
    const configuration = root('app', { ...release, '/etc/app.conf': { text: 'level=9\n' } });
    const { stdout, status } = await flix(good, configuration, '--host', debian, '--json');
    const { extensions, findings } = JSON.parse(stdout) as AuditDocument;
    expect(extensions.map(({ name, type }) => `${type} ${name}`)).toEqual(['sysext app', 'confext app']);
    const alone = JSON.parse((await flix(good, '--host', debian, '--json')).stdout) as AuditDocument;
    expect(findings).toEqual(alone.findings);
    expect(status).toBe(0);
  });

  it('refuses a profile given as an extension', async () => {
    const place = path.join(good, '../host.profile');
    fs.writeFileSync(place, encodeProfile(snapshot(directoryView(debian))));
    const { stderr, status } = await flix(good, '--host', place, place);
    expect(stderr).toContain(`${place} is gzip-compressed: it is a host profile`);
    expect(stderr).toContain('--host PROFILE');
    expect(status).toBe(2);
    expect(await flix(good, '--host', place)).toMatchObject({ status: 0 });
  });

  it.each([
    [[], 'no extension is named'],
    [[good, leaky], 'two extensions of the same type are called app'],
    [[good, '--host', good], 'is not a host: it has no os-release'],
    [[path.join(good, 'usr/bin/app')], 'is not an image'],
    [[path.join(good, 'absent')], 'no such file or directory'],
    [['--explain', 'missing/everything'], 'there is no finding called missing/everything'],
    [[good, '--hwcaps', 'x86-64-v9'], 'no loader knows this level'],
    [[good, '--fail-on', 'never'], 'Allowed choices are error, warning, info'],
  ])('%j is bad input', async (arguments_, message) => {
    const { stderr, status } = await flix(...arguments_);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });
});
