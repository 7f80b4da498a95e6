import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/manifest/read-manifest.ts';
import type { ManifestHost } from '../../src/manifest/manifest.ts';
import { directoryView } from '../../src/view/directory.ts';
import { layeredView } from '../../src/view/layers.ts';
import { encodeProfile } from '../../src/view/profile/profile.ts';
import { snapshot } from '../../src/view/profile/snapshot.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { runMerged } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
const OS = 'ID=debian\nPRETTY_NAME="A Debian"\n';

interface Change {
  readonly library: string;
  readonly without?: string;
  /** The old name, and the new one. */
  readonly version?: readonly [string, string];
}

let made = 0;

/** Builds a library anew that defines the symbols of the host's one, but for the change. Returns a layer that contains it. */
function changedLibrary(host: string, { library, without, version }: Change, release?: string): string {
  const layer = at(`layer-${made++}`);
  fs.mkdirSync(layer + LIBRARIES, { recursive: true });
  const original = fs.realpathSync(path.join(host, LIBRARIES, library));
  const nm = ['-D', '--defined-only', '--with-symbol-versions', original];
  const symbols = execaSync('nm', nm)
    .stdout.split('\n')
    .flatMap(line => {
      const [, type, name, of] = /^\S+ ([A-Z]) ([^@\s]+)(?:@@(\S+))?$/.exec(line) ?? [];
      return name === undefined || type === 'A' || name === without ? [] : [{ type, name, of }];
    });
  const code = symbols.map(({ type, name }) =>
    type === 'T' ? `long ${name}(void) { return 0; }` : `char ${name}[64];`,
  );
  const versions = [...new Set(symbols.flatMap(({ of }) => of ?? []))];
  const script = versions.map(
    each =>
      `${each === version?.[0] ? version[1] : each} { global: ${symbols
        .filter(({ of }) => of === each)
        .map(({ name }) => `${name};`)
        .join(' ')} };`,
  );
  fs.writeFileSync(at('script'), script.join('\n'));
  const named = script.length === 0 ? [] : [`-Wl,--version-script,${at('script')}`];
  const target = path.join(layer, LIBRARIES, path.basename(original));
  execaSync(
    'gcc',
    [
      '-shared',
      '-fPIC',
      '-nostdlib',
      '-w',
      '-fno-builtin',
      `-Wl,-soname,${library}`,
      ...named,
      '-x',
      'c',
      '-',
      '-o',
      target,
    ],
    { input: code.join('\n') },
  );
  if (release !== undefined) fs.writeFileSync(path.join(layer, 'usr/lib/os-release'), release);
  return layer;
}

describe.runIf(has('root', 'mountNamespace', 'archive', 'tool:gcc'))(
  'the claim of an extension for a host',
  () => {
    let host: string;
    let tree: string;
    let expected: ManifestHost;
    beforeAll(async () => {
      host = await labRoot('host-trixie');
      tree = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'flix-test-')), 'claim');
      expected = await vendored(host, tree);
    });
    afterAll(() => fs.rmSync(path.dirname(tree), { recursive: true }));

    /** Vendors file(1), whose library needs others of the host. */
    async function vendored(given: string, out: string): Promise<ManifestHost> {
      const program = ['/usr/bin/file', '--needs', 'recommended', '--name', 'claim'];
      await flix('vendor', await labRoot('apps-trixie'), ...program, '--host', given, '--out', out, '-q');
      const text = fs.readFileSync(path.join(out, 'usr/local/claim/manifest.json'), 'utf8');
      const read = readManifest(text)!;
      if (!('manifest' in read)) throw new Error(read.flaw.message);
      return read.manifest.host!;
    }

    /** Makes a profile of the host with a layer over it. */
    function profileOf(layer: string): string {
      const view = layeredView([directoryView(layer), directoryView(host)], 'the changed host');
      const profile = at(`host-${made++}.profile`);
      fs.writeFileSync(profile, encodeProfile(snapshot(view)));
      return profile;
    }

    /** Returns the missing promises that the audit reports on a host with a layer over it. */
    async function audited(layer: string): Promise<string[]> {
      const { stdout } = await flix('audit', tree, '--host', profileOf(layer), '--json').catch(
        (error: { stdout: string }) => error,
      );
      const { findings } = JSON.parse(stdout) as { findings: { kind: string; message: string }[] };
      return findings.flatMap(({ kind, message }) => (kind === 'promises/host-lacks' ? [message] : []));
    }

    /** Runs the program on a host with a layer over it. */
    async function run(layer: string, release?: string, from = tree) {
      const shared = at(`run-${made++}`);
      fs.mkdirSync(path.join(shared, 'work'), { recursive: true });
      fs.cpSync(from, path.join(shared, 'claim'), { recursive: true, verbatimSymlinks: true });
      if (release !== undefined)
        fs.writeFileSync(
          path.join(shared, 'claim/usr/lib/extension-release.d/extension-release.claim'),
          release,
        );
      const place = { root: `${layer}:${host}`, work: path.join(shared, 'work'), shared };
      const { stdout, stderr } = await runMerged(place, ['claim'], 'LD_BIND_NOW=1 file -b /usr/bin/env');
      return `${stdout}\n${stderr}`;
    }

    const libraryOf = (name: string) => expected.libraries.find(library => library.name === name)!;

    it('has no finding on a host whose libraries were rebuilt with the same symbols', async () => {
      for (const library of ['libbz2.so.1.0', 'liblzma.so.5']) {
        const layer = changedLibrary(host, { library });
        expect(await audited(layer)).toEqual([]);
        expect(await run(layer)).toContain('ELF 64-bit');
      }
    });

    it('becomes a finding when a library of the host loses a symbol that the program needs', async () => {
      const [symbol] = libraryOf('libbz2.so.1.0').symbols;
      const layer = changedLibrary(host, { library: 'libbz2.so.1.0', without: symbol! });
      expect(await audited(layer)).toEqual([expect.stringContaining(symbol!)]);
      expect(await run(layer)).toMatch(new RegExp(`undefined symbol: ${symbol!}`));
    });

    it('becomes a finding when a library of the host loses a symbol version that the program needs to start', async () => {
      const [version] = libraryOf('liblzma.so.5').versions;
      const layer = changedLibrary(host, { library: 'liblzma.so.5', version: [version!, 'RENAMED_1'] });
      expect((await audited(layer)).join('\n')).toContain(version!);
      expect(await run(layer)).toContain(`version \`${version!}' not found`);
    });

    it.each([
      ['VERSION_ID=13', 'VERSION_ID=13\n', 'VERSION_ID=14\n', 'ID=_any\n'],
      [
        'SYSEXT_LEVEL=3',
        'VERSION_ID=13\nSYSEXT_LEVEL=3\n',
        'VERSION_ID=13\nSYSEXT_LEVEL=4\n',
        'ID=debian\nVERSION_ID=13\n',
      ],
    ])(
      'is %s: where only a looser one is accepted, systemd refuses this one, and the program ends with the looser one',
      async (claim, given, other, looser) => {
        const like = at('like');
        fs.mkdirSync(path.join(like, 'usr/lib'), { recursive: true });
        fs.writeFileSync(path.join(like, 'usr/lib/os-release'), OS + given);
        const out = at('claim');
        expect(await vendored(profileOf(like), out)).toMatchObject({
          claim: `ID=debian ${claim}`,
          covers: true,
        });
        const [symbol] = libraryOf('libbz2.so.1.0').symbols;
        const layer = changedLibrary(host, { library: 'libbz2.so.1.0', without: symbol! }, OS + other);
        const refused = await run(layer, undefined, out);
        expect(refused).toContain('No suitable extensions found');
        expect(refused).not.toContain(symbol!);
        expect(await run(layer, looser, out)).toContain(`undefined symbol: ${symbol!}`);
      },
    );
  },
);
