import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { documentedInManifests } from '../../src/audit/documented.ts';
import { readExtension } from '../../src/audit/extension.ts';
import { hostOf, merge } from '../../src/audit/merge.ts';
import { moduleFailures } from '../../src/audit/module-failures.ts';
import { subjectsOf, takeInventory } from '../../src/audit/subject.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { runMerged } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';

const at = scratch();
const LIB = '/usr/lib/x86_64-linux-gnu';
const LOADER = '/usr/local/su/lib/ld-linux-x86-64.so.2';

/** Lists the program with each module preloaded: the loader then refuses what dlopen would refuse. */
const ASK = `
while read -r module; do
  said=$(${LOADER} --preload "$module" --list /usr/bin/su 2>&1) || true
  if printf '%s' "$said" | grep -qE "not found|cannot open shared object"; then echo "$module"; fi
done < /shared/modules
`;

/** Returns the modules of the host that a vendored program cannot load, as the audit and as the real loader say. */
async function answers(from: RootName, host: RootName, options: readonly string[]) {
  const [root, below] = await Promise.all([labRoot(from), labRoot(host)]);
  fs.mkdirSync(at('shared'), { recursive: true });
  fs.mkdirSync(at('work'), { recursive: true });
  // su has no modules of its own, so that it opens those of the host
  const without = ['--exclude', `${LIB}/security`, '--exclude', `${LIB}/gconv`];
  await flix(
    'vendor',
    root,
    '/usr/bin/su',
    '--name',
    'su',
    '--out',
    at('shared/su'),
    '--quiet',
    ...without,
    ...options,
  );
  const tree = { name: 'su', view: directoryView(at('shared/su')) };
  const extension = readExtension(tree);
  const merged = merge([extension], hostOf(directoryView(below)));
  const [su] = subjectsOf(takeInventory(extension, merged), merged);
  const modules = ['security', 'gconv', '.'].flatMap(directory =>
    [...merged.view.list(`${LIB}/${directory}`).keys()]
      .filter(name => (directory === '.' ? /^libnss_.*\.so\.2$/ : /\.so$/).test(name))
      .map(name => (directory === '.' ? `${LIB}/${name}` : `${LIB}/${directory}/${name}`))
      .filter(path => merged.view.kind(path) === 'file'),
  );
  fs.writeFileSync(at('shared/modules'), modules.map(path => `${path}\n`).join(''));
  const real = await runMerged({ root: below, work: at('work'), shared: at('shared') }, ['su'], ASK);
  const documented = { isDocumented: documentedInManifests([tree]) };
  const { findings } = audit([tree], [directoryView(below)], documented);
  return {
    found: findings.filter(({ kind }) => kind === 'leaks/host-modules'),
    modules,
    refused: moduleFailures(su!, modules, merged).map(({ module }) => module),
    loader: real.stdout.split('\n').filter(Boolean),
    stderr: real.stderr,
  };
}

describe.runIf(has('root', 'mountNamespace', 'archive'))('modules of the host in a private process', () => {
  it.each([
    ['apps-bookworm', 'host-trixie', [], 'pam_unix.so'],
    [
      'apps-bookworm',
      'host-trixie',
      ['--dlopen', 'libcrypt.so.1', '--dlopen', 'libselinux.so.1'],
      'pam_unix.so',
    ],
    ['apps-trixie', 'host-bookworm', [], 'pam_rootok.so'],
  ] as const)(
    'are refused by the audit exactly if the loader of su refuses them: %s over %s, %j',
    { timeout: 300_000 },
    async (from, host, options, failing) => {
      const { found, modules, refused, loader, stderr } = await answers(from, host, options);
      expect(modules.length, stderr).toBeGreaterThan(100);
      expect([...refused].sort()).toEqual([...loader].sort());
      expect(refused).toContain(`${LIB}/security/${failing}`);
      // the manifest documents that both are opened, but not that they fail
      expect(found).toMatchObject([
        { facility: 'pam', severity: 'error', known: false },
        { facility: 'gconv', severity: 'info', known: true },
      ]);
    },
  );

  it('are not opened by a su that has its own', async () => {
    await flix('vendor', await labRoot('apps-bookworm'), '/usr/bin/su', '--name', 'su', '--out', at('own'));
    const tree = { name: 'su', view: directoryView(at('own')) };
    const documented = { isDocumented: documentedInManifests([tree]) };
    const { findings } = audit([tree], [directoryView(await labRoot('host-trixie'))], documented);
    const facilities = findings.flatMap(finding =>
      finding.kind === 'leaks/host-modules' ? [finding.facility] : [],
    );
    expect(facilities).toEqual([]);
  });
});
