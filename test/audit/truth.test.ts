import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readExtension } from '../../src/audit/extension.ts';
import { hostBreaks } from '../../src/audit/host-break.ts';
import { audit } from '../../src/audit/audit.ts';
import { hostOf, merge, type Merge } from '../../src/audit/merge.ts';
import { isProgram } from '../../src/elf/classify.ts';
import { undefinedSymbols } from '../../src/resolve/symbol-check.ts';
import type { Closure } from '../../src/resolve/closure.ts';
import { directoryView } from '../../src/view/directory.ts';
import { objectAt } from '../../src/view/object.ts';
import { walk } from '../../src/view/walk.ts';
import { scratch } from '../io/scratch.ts';
import { type ProgramOutput, readListing } from '../lab/run-in-root.ts';
import {
  type TracedFile,
  traceMerged,
  missingVersionsIn,
  undefinedSymbolsIn,
} from '../lab/merged-loaders.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();
const LIB = '/usr/lib/x86_64-linux-gnu';

/** Copies files of a root, keeping links, and adds a release file that every host accepts. */
function copied(name: string, root: string, files: readonly string[]): string {
  const tree = at(name);
  for (const file of files) {
    const target = path.join(tree, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.cpSync(path.join(root, file), target, { verbatimSymlinks: true });
  }
  const release = path.join(tree, 'usr/lib/extension-release.d');
  fs.mkdirSync(release, { recursive: true });
  fs.writeFileSync(path.join(release, `extension-release.${name}`), 'ID=_any\n');
  return tree;
}

/** Returns the paths of a library by its soname: the link and the file to which it points. */
function library(root: string, soname: string): string[] {
  const link = path.join(root, LIB, soname);
  const real = path.basename(fs.realpathSync(link));
  return [...new Set([`${LIB}/${soname}`, `${LIB}/${real}`])];
}

interface World {
  readonly merged: Merge;
  readonly told: Map<string, ProgramOutput>;
  readonly before: Map<string, ProgramOutput>;
}

/** Extensions over a host, as the audit sees them, and what real loaders report before and after a real merge. */
async function world(host: string, trees: readonly string[], scratchName: string): Promise<World> {
  const extensions = trees.map(tree =>
    readExtension({ name: path.basename(tree), view: directoryView(tree, { label: path.basename(tree) }) }),
  );
  const merged = merge(extensions, hostOf(directoryView(host)));
  const asked = dynamicFiles(merged.view).flatMap(file => {
    const loader = merged.resolve(file).loader?.path;
    return loader === undefined ? [] : [{ file, loader }];
  });
  const told = await traceMerged({ host, trees, scratch: at(scratchName) }, asked);
  const before = await (alone ??= traceMerged({ host, trees: [], scratch: at('alone') }, hostFiles(host)));
  return { merged, told, before };
}

/** Asks the host’s loaders before anything is merged; the answers are the same for every stack. */
let alone: Promise<Map<string, ProgramOutput>> | undefined;

function hostFiles(host: string): TracedFile[] {
  const { view, resolve } = hostOf(directoryView(host));
  return dynamicFiles(view).flatMap(file => {
    const loader = resolve(file).loader?.path;
    return loader === undefined ? [] : [{ file, loader }];
  });
}

function dynamicFiles(view: Merge['view']): string[] {
  return [...walk(view, '/usr'), ...walk(view, '/opt')].flatMap(({ path: file, kind }) =>
    kind === 'file' && objectAt(view, file).facts?.dynamic ? [file] : [],
  );
}

/** What a loader reports on a file, in the shape of our own answer. */
function account(closure: Closure) {
  const { objects, loader, missing, versionProblems } = closure;
  const symbols = missing.length > 0 ? [] : undefinedSymbols(closure);
  return {
    libs: objects.slice(1).map(({ path: found }) => found),
    missing: [...new Set(missing.map(({ name }) => name))].sort(),
    versions: [...new Set(versionProblems.map(({ version }) => version))].sort(),
    symbols: symbols
      .map(
        ({ requester, reference: { name, version } }) =>
          `${name}${version === undefined ? '' : `@${version}`} of ${requester.path}`,
      )
      .sort(),
    loader: loader?.path,
  };
}

function accountOf(answer: ProgramOutput, loader: string | undefined): ReturnType<typeof account> {
  const listed = readListing(answer.stdout);
  const missing = listed.filter(({ path: found }) => found === undefined).map(({ name }) => name);
  return {
    libs: listed.flatMap(({ path: found }) => (found === undefined || found === loader ? [] : [found])),
    missing: [...new Set(missing)].sort(),
    versions: missingVersionsIn(answer),
    symbols: missing.length > 0 ? [] : undefinedSymbolsIn(answer),
    loader,
  };
}

/** Returns the complaints of a loader. */
function complaints(answer: ProgramOutput): string[] {
  const { missing, versions, symbols } = accountOf(answer, undefined);
  return [...missing, ...versions, ...symbols];
}

/** Returns the files of the host about which their loader complains only after the merge. */
function reallyBroken({ told, before, merged }: World): string[] {
  return [...before]
    .filter(([file, then]) => {
      const now = told.get(file);
      if (merged.extensionOf(file) || !now) return false;
      const old = new Set(complaints(then));
      return complaints(now).some(complaint => !old.has(complaint));
    })
    .map(([file]) => file)
    .sort();
}

const ready = has('root', 'chroot', 'mountNamespace', 'archive');

describe.runIf(ready)('extensions merged by the host’s own systemd-sysext', () => {
  const stacks: Readonly<Record<string, (old: string) => readonly string[]>> = {
    'older libraries over the host': old => [
      copied('older-10', old, [...library(old, 'libmount.so.1'), ...library(old, 'libblkid.so.1')]),
      copied('older-9', old, [...library(old, 'libblkid.so.1'), ...library(old, 'libselinux.so.1')]),
      copied('bound', old, ['/usr/bin/curl', ...library(old, 'libcurl.so.4')]),
    ],
    'a libc over the host': old => [copied('libc', old, library(old, 'libc.so.6'))],
    'a program with the libraries that ldd tells': old => [
      copied('copied', old, [
        '/usr/bin/btop',
        ...['libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1'].flatMap(soname => library(old, soname)),
      ]),
    ],
  };

  it.each(Object.entries(stacks))(
    'the audit resolves what the real loaders report: %s',
    { timeout: 600_000 },
    async (name, stack) => {
      const trees = stack(await labRoot('apps-bookworm'));
      const host = await labRoot('host-trixie');
      const real = await world(host, trees, name.replaceAll(' ', '-'));
      const different = [...real.told].flatMap(([file, answer]) => {
        const ours = account(real.merged.resolve(file));
        const theirs = accountOf(answer, ours.loader);
        return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ file, ours, theirs, answer }];
      });
      expect(different.slice(0, 3)).toEqual([]);
      expect(real.told.size).toBeGreaterThan(500);

      const found = audit(
        trees.map(tree => ({ name: path.basename(tree), view: directoryView(tree) })),
        [directoryView(host)],
      ).findings.flatMap(finding => (finding.kind === 'shadowing/breaks-host' ? finding.broken : []));
      const broken = reallyBroken(real);
      const isStarted = (file: string) => isProgram(objectAt(real.merged.view, file).facts!);
      expect([...new Set(found.filter(isStarted))].sort()).toEqual(broken.filter(isStarted));
      expect(found.filter(isStarted)).not.toEqual([]);
      const all = new Set(hostBreaks(real.merged).map(({ change }) => change.object.path));
      expect([...all].sort()).toEqual(broken);
    },
  );
});
