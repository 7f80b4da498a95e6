import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { hostResolver, mergedWith } from '../../src/plan/host-bound/evaluate.ts';
import { hostOf } from '../../src/audit/merge.ts';
import { isProgram } from '../../src/elf/classify.ts';
import { readManifest } from '../../src/manifest/read-manifest.ts';
import type { ManifestHost } from '../../src/manifest/manifest.ts';
import { undefinedSymbols } from '../../src/resolve/symbol-check.ts';
import { directoryView } from '../../src/view/directory.ts';
import { objectAt } from '../../src/view/object.ts';
import { walk } from '../../src/view/walk.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { missingVersionsIn, traceMerged, undefinedSymbolsIn } from '../lab/merged-loaders.ts';
import { runMerged } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';
import { readListing } from '../lab/run-in-root.ts';

const at = scratch();
const LOADER = '/lib64/ld-linux-x86-64.so.2';
let made = 0;

interface Tree {
  readonly directory: string;
  readonly name: string;
  readonly host: ManifestHost;
  readonly brought: readonly string[];
}

/** Vendors programs for hosts. */
async function vendored(from: string, hosts: readonly string[], ...rest: string[]): Promise<Tree> {
  const name = `app${made++}`;
  const directory = at(name);
  const given = hosts.flatMap(host => ['--host', host]);
  await flix('vendor', from, ...rest, '--name', name, '--out', directory, ...given, '-q');
  const text = fs.readFileSync(path.join(directory, `usr/local/${name}/manifest.json`), 'utf8');
  const read = readManifest(text)!;
  if (!('manifest' in read)) throw new Error(read.flaw.message);
  const host = read.manifest.host!;
  const brought = host.choices.flatMap(choice => (choice.from === 'tree' ? [choice.name] : [])).sort();
  return { directory, name, host, brought };
}

/** Has a copy of a tree accepted by every host, for hosts of which its release file names no version. */
function acceptedEverywhere({ directory, name }: Tree): void {
  fs.writeFileSync(
    path.join(directory, `usr/lib/extension-release.d/extension-release.${name}`),
    'ID=_any\n',
  );
}

/** The dynamic programs of a tree. */
function programsOf({ directory }: Tree): string[] {
  const view = directoryView(directory);
  return [...walk(view, '/usr')].flatMap(({ path: file, kind }) => {
    const facts = kind === 'file' ? objectAt(view, file).facts : undefined;
    return facts?.dynamic && isProgram(facts) && facts.interpreter !== undefined ? [file] : [];
  });
}

/** What flix finds that a file loads, and what the host's loader lists. */
async function asked(tree: Tree, host: string, files: readonly string[]) {
  const view = hostOf(directoryView(host)).view;
  const resolve = hostResolver(mergedWith(directoryView(tree.directory), view), LOADER);
  const told = await traceMerged(
    { host, trees: [tree.directory], scratch: at(`asked-${made++}`) },
    files.map(file => ({ file, loader: LOADER })),
  );
  return files.map(file => {
    const answer = told.get(file)!;
    const { objects, missing } = resolve(file);
    return {
      file,
      ours: objects.slice(1).map(object => object.path),
      missing: missing.map(({ name }) => name),
      listed: readListing(answer.stdout).flatMap(({ path: found }) =>
        found === undefined || found === LOADER ? [] : [found],
      ),
      complaints: [...missingVersionsIn(answer), ...undefinedSymbolsIn(answer)],
    };
  });
}

/** The sonames that `dpkg` says a root has in its library directory. */
function librariesOf(root: string): Set<string> {
  const { stdout } = execaSync('sh', ['-c', `cat ${root}/var/lib/dpkg/info/*.list`], { maxBuffer: 1e8 });
  const names = stdout.split('\n').filter(file => /^(?:\/usr)?\/lib\/x86_64-linux-gnu\/[^/]+$/.test(file));
  return new Set(names.map(file => path.basename(file)));
}

const ready = has('root', 'chroot', 'mountNamespace', 'archive');

describe.runIf(ready)('programs of the release of the host', () => {
  it('bring exactly the libraries that dpkg does not list for the host', async () => {
    const [from, host] = await Promise.all([labRoot('apps-trixie'), labRoot('host-trixie')]);
    const programs = ['btop', 'curl', 'vim.basic', 'git', 'python3.13', 'mc', 'file', 'nginx'];
    const paths = programs.map(name => `/usr/${name === 'nginx' ? 's' : ''}bin/${name}`);
    const { directory, brought, host: expected } = await vendored(from, [host], ...paths);
    const ofHost = librariesOf(host);
    expect(brought.filter(name => ofHost.has(name))).toEqual([]);
    const left = expected.choices.filter(choice => choice.from === 'host').map(({ name }) => name);
    // its path is /usr/lib64
    const loader = path.basename(LOADER);
    expect(left.filter(name => !ofHost.has(name) && name !== loader)).toEqual([]);
    expect(brought.length).toBeGreaterThan(20);
    // no file of the host is replaced
    const view = directoryView(host);
    const shadowed = [...walk(directoryView(directory), '/usr')].filter(
      ({ path: file, kind }) => kind !== 'directory' && view.kind(file) !== undefined,
    );
    expect(shadowed).toEqual([]);
  }, 300_000);
});

describe.runIf(ready)('programs of an older release, merged over real hosts', () => {
  const cases: readonly (readonly [string, RootName, readonly string[]])[] = [
    ['tilde', 'apps-bookworm', ['/usr/bin/tilde', '/usr/lib/x86_64-linux-gnu/transcript1']],
    ['curl and git', 'apps-bookworm', ['/usr/bin/curl', '/usr/bin/git', '/usr/lib/git-core/git-remote-http']],
    ['vim and mc', 'apps-bookworm', ['/usr/bin/vim.basic', '/usr/bin/mc', '/usr/bin/file']],
    ['python and nginx', 'apps-bookworm', ['/usr/bin/python3.11', '/usr/sbin/nginx', '/usr/bin/btop']],
    ['ffmpeg', 'media-bookworm', ['/usr/bin/ffmpeg', '/usr/bin/ffprobe']],
  ];

  it.each(cases)(
    'loads what is planned on both hosts, and %s needs each library that was brought',
    async (_, from, paths) => {
      const hosts = await Promise.all([labRoot('host-bookworm'), labRoot('host-trixie')]);
      const tree = await vendored(await labRoot(from), hosts, ...paths);
      acceptedEverywhere(tree);
      const programs = programsOf(tree);
      for (const host of hosts)
        for (const { file, ours, missing, listed, complaints } of await asked(tree, host, programs)) {
          expect([file, listed]).toEqual([file, ours]);
          expect([file, missing, complaints]).toEqual([file, [], []]);
        }
      expect(unneeded(tree, hosts)).toEqual([]);
    },
    600_000,
  );

  it('runs there', async () => {
    const root = await labRoot('host-trixie');
    const from = await labRoot('apps-bookworm');
    const tree = await vendored(
      from,
      [root],
      '/usr/bin/curl',
      '/usr/bin/vim.basic',
      '/usr/bin/file',
      '--needs',
      'recommended',
    );
    const shared = at('run');
    fs.mkdirSync(path.join(shared, 'work'), { recursive: true });
    fs.cpSync(tree.directory, path.join(shared, tree.name), { recursive: true, verbatimSymlinks: true });
    const command = `
      echo hello > /tmp/page && curl -s file:///tmp/page
      vim.basic -u NONE -es -c 'normal iworld' -c 'w /tmp/written' -c q /tmp/new; cat /tmp/written
      file -b /usr/bin/env`;
    const place = { root, work: path.join(shared, 'work'), shared };
    const { stdout, stderr } = await runMerged(place, [tree.name], command);
    expect([stdout, stderr.replace(/^.*[Mm]erged.*\n?|^Using extensions.*\n?/gm, '')]).toEqual([
      expect.stringMatching(/^hello\nworld\nELF 64-bit LSB pie executable/),
      '',
    ]);
  }, 300_000);
});

describe.runIf(ready)('sqlite3, which compares the release of its library when it starts', () => {
  it('works over a host with another release, with the library that its package pins', async () => {
    const root = await labRoot('host-trixie');
    const tree = await vendored('debian:bookworm', [root], '--package', 'sqlite3');
    const choice = tree.host.choices.find(({ name }) => name === 'libsqlite3.so.0')!;
    expect(choice.because).toMatch(
      /^package sqlite3 needs exactly version 3\.40\.\S+ of libsqlite3-0, but debian 13 has 3\.46\./,
    );
    const { stdout: why } = await flix('why', '--root', tree.directory, 'libsqlite3.so.0');
    expect(why).toContain(choice.because);
    const run = async (name: string) => {
      const shared = at(name);
      fs.mkdirSync(path.join(shared, 'work'), { recursive: true });
      fs.cpSync(tree.directory, path.join(shared, tree.name), { recursive: true, verbatimSymlinks: true });
      const place = { root, work: path.join(shared, 'work'), shared };
      return runMerged(place, [tree.name], 'sqlite3 :memory: "select 6 * 7" 2>&1 || true');
    };
    expect((await run('with')).stdout).toBe('42');
    const tried = await flix(
      'try',
      tree.directory,
      '--host',
      root,
      '--strict',
      '--',
      'sqlite3',
      ':memory:',
      'select 1',
    );
    expect(tried.stderr).toMatch(/[1-9]\d* libraries of the host \([1-9]\d* as planned, 0 not\)/);
    const { brought, directory, name } = tree;
    expect(brought).toContain('libsqlite3.so.0');
    fs.rmSync(path.join(directory, `usr/local/${name}/lib/libsqlite3.so.0`));
    expect((await run('without')).stdout).toContain('SQLite header and source version mismatch');
  }, 300_000);
});

/** Of a tree with more libraries, these are examined, spread evenly over all. */
const EXAMINED = 25;

/**
 * Returns the libraries of a tree without which no file of it would lack anything on any of the hosts. Libraries that a package
 * pins are not examined: the loader cannot tell that a host has another version of them.
 */
function unneeded(tree: Tree, hosts: readonly string[]): string[] {
  const directory = path.join(tree.directory, `usr/local/${tree.name}/lib`);
  const view = directoryView(tree.directory);
  const files = [...walk(view, '/usr')].flatMap(({ path: file, kind }) =>
    kind === 'file' && objectAt(view, file).facts?.dynamic && !file.startsWith(`/usr/local/`) ? [file] : [],
  );
  const pinned = new Set(tree.host.choices.flatMap(choice => (choice.package ? [choice.name] : [])));
  const all = fs
    .readdirSync(directory)
    .filter(name => !pinned.has(name))
    .sort();
  const step = Math.max(1, Math.ceil(all.length / EXAMINED));
  const names = all.filter((_, index) => index % step === 0);
  const away = `${directory}.away`;
  fs.mkdirSync(away, { recursive: true });
  const works = () => {
    const changed = directoryView(tree.directory);
    return hosts.every(host => {
      const resolve = hostResolver(mergedWith(changed, hostOf(hostView(host)).view), LOADER);
      return files.every(file => {
        const closure = resolve(file);
        const { missing, versionProblems } = closure;
        return missing.length + versionProblems.length + undefinedSymbols(closure).length === 0;
      });
    });
  };
  return names.filter(name => {
    fs.renameSync(path.join(directory, name), path.join(away, name));
    try {
      return works();
    } finally {
      fs.renameSync(path.join(away, name), path.join(directory, name));
    }
  });
}

const views = new Map<string, ReturnType<typeof directoryView>>();
function hostView(host: string) {
  let view = views.get(host);
  if (!view) views.set(host, (view = directoryView(host)));
  return view;
}
