import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { releasePath } from '../../src/systemd/extension-release.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();
const firstGeneration = fileURLToPath(new URL('../../scripts/bench/first-generation', import.meta.url));
const PROGRAM = '/usr/bin/btop';
let root: string;
let host: string;

/** Extensions that others made, of one program, on the next release of the system that it is from. */
describe.runIf(has('archive', 'chroot', 'tool:patchelf', 'tool:musl-gcc'))('an extension made', () => {
  beforeAll(async () => {
    root = fs.realpathSync(await labRoot('apps-bookworm'));
    host = fs.realpathSync(await labRoot('host-trixie'));
  });

  it('with ldd and cp breaks the host', async () => {
    put('ldd', PROGRAM, root + PROGRAM);
    for (const library of await listed()) put('ldd', merged(library), root + library);
    const found = await kindsOf('ldd');
    expect([...found.keys()].sort()).toEqual([
      'leaks/dlopen',
      'leaks/host-modules',
      'leaks/open-variables',
      'shadowing/breaks-host',
      'shadowing/host-libc',
      'shadowing/host-library',
    ]);
    for (const worst of ['shadowing/host-libc', 'shadowing/breaks-host'])
      expect(found.get(worst), worst).toBe('error');
  });

  it('by the first generation of scripts runs, and is not sealed', async () => {
    await execa(firstGeneration, [root, at('first'), PROGRAM]);
    const found = await kindsOf('first');
    expect([...found]).toEqual([
      ['leaks/open-variables', 'warning'],
      ['leaks/host-modules', 'warning'],
    ]);
  });

  it('as one static program has nothing to be found', async () => {
    const program = at('static/usr/bin/hello');
    fs.mkdirSync(path.dirname(program), { recursive: true });
    await execa('musl-gcc', ['-static', '-x', 'c', '-', '-o', program], {
      input: 'int main(void) { return 0; }',
    });
    expect([...(await kindsOf('static'))]).toEqual([]);
  });
});

/** What ldd says, asked of the loader that it asks. */
async function listed(): Promise<string[]> {
  const { stdout } = await execa('chroot', [root, '/lib64/ld-linux-x86-64.so.2', '--list', PROGRAM]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file!);
}

/** Where packagers put what ldd names. */
function merged(library: string): string {
  return library.startsWith('/usr/') ? library : `/usr${library}`;
}

function put(tree: string, target: string, source: string): void {
  fs.mkdirSync(path.dirname(at(tree + target)), { recursive: true });
  fs.copyFileSync(source, at(tree + target));
}

/** Each kind that was found, with its severity. */
async function kindsOf(tree: string): Promise<ReadonlyMap<string, string>> {
  const release = at(tree + releasePath(tree));
  fs.mkdirSync(path.dirname(release), { recursive: true });
  fs.writeFileSync(release, 'ID=_any\nARCHITECTURE=x86-64\n');
  const { stdout } = await flixAudit(tree);
  const { findings } = JSON.parse(stdout) as AuditDocument;
  return new Map(findings.map(({ kind, severity }) => [kind, severity]));
}

/** An error that was found is an exit status of 1, and what is wanted here. */
async function flixAudit(tree: string): Promise<{ readonly stdout: string }> {
  return flix('audit', at(tree), '--host', host, '--json').catch(
    (error: { readonly stdout: string }) => error,
  );
}
