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

/** Audits extensions that other tools made of one program, on the next release of the system that it comes from. */
describe.runIf(has('archive', 'chroot', 'tool:patchelf', 'tool:musl-gcc'))(
  'the audit of an extension',
  () => {
    beforeAll(async () => {
      root = fs.realpathSync(await labRoot('apps-bookworm'));
      host = fs.realpathSync(await labRoot('host-trixie'));
    });

    it('made with ldd and cp reports that it breaks the host', async () => {
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

    it('made by the first generation of scripts warns that its loader is not sealed', async () => {
      await execa(firstGeneration, [root, at('first'), PROGRAM]);
      const found = await kindsOf('first');
      expect([...found]).toEqual([
        ['leaks/open-variables', 'warning'],
        ['leaks/host-modules', 'warning'],
      ]);
    });

    it('that is one static program reports nothing', async () => {
      const program = at('static/usr/bin/hello');
      fs.mkdirSync(path.dirname(program), { recursive: true });
      await execa('musl-gcc', ['-static', '-x', 'c', '-', '-o', program], {
        input: 'int main(void) { return 0; }',
      });
      expect([...(await kindsOf('static'))]).toEqual([]);
    });
  },
);

/** The libraries that ldd would list, from the loader that ldd runs. */
async function listed(): Promise<string[]> {
  const { stdout } = await execa('chroot', [root, '/lib64/ld-linux-x86-64.so.2', '--list', PROGRAM]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file!);
}

/** The path at which packagers put a library that ldd lists. */
function merged(library: string): string {
  return library.startsWith('/usr/') ? library : `/usr${library}`;
}

function put(tree: string, target: string, source: string): void {
  fs.mkdirSync(path.dirname(at(tree + target)), { recursive: true });
  fs.copyFileSync(source, at(tree + target));
}

/** The kinds of all findings, with their severities. */
async function kindsOf(tree: string): Promise<ReadonlyMap<string, string>> {
  const release = at(tree + releasePath(tree));
  fs.mkdirSync(path.dirname(release), { recursive: true });
  fs.writeFileSync(release, 'ID=_any\nARCHITECTURE=x86-64\n');
  const { stdout } = await flixAudit(tree);
  const { findings } = JSON.parse(stdout) as AuditDocument;
  return new Map(findings.map(({ kind, severity }) => [kind, severity]));
}

/** Runs the audit, whose exit status is 1 if it reports an error. */
async function flixAudit(tree: string): Promise<{ readonly stdout: string }> {
  return flix('audit', at(tree), '--host', host, '--json').catch(
    (error: { readonly stdout: string }) => error,
  );
}
