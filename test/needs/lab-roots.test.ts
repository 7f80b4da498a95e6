import fs from 'node:fs';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsOf } from '../../src/needs/find.ts';
import { type Need, reaches } from '../../src/needs/need.ts';
import { directoryView } from '../../src/view/directory.ts';
import { follow } from '../../src/view/follow.ts';
import type { View } from '../../src/view/view.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';

const able = has('chroot', 'archive');

/** The programs, scripts and libraries of a root that are not in a directory of their own. */
function filesOf(view: View): string[] {
  const files = ['/usr/bin', '/usr/sbin', '/usr/lib/x86_64-linux-gnu'].flatMap(directory =>
    [...view.list(directory).keys()].map(name => follow(view, `${directory}/${name}`)),
  );
  const real = files.flatMap(file => (file.path !== undefined && file.kind === 'file' ? [file.path] : []));
  return [...new Set(real)].sort();
}

interface Found {
  /** The file whose needs were sought. */
  readonly of: string;
  readonly need: Need;
  /** Without links; empty if it does not exist. */
  readonly real: string;
  readonly isExecutable: boolean;
}

/** Asks the kernel, in the root itself, where each path leads to. */
const ASK = `while IFS= read -r path; do
  readlink -e -- "$path" || echo
  if [ -f "$path" ] && [ -x "$path" ]; then echo yes; else echo no; fi
done`;

async function needsIn(name: RootName): Promise<{ root: string; found: Found[] }> {
  const root = fs.realpathSync(await labRoot(name));
  const view = directoryView(root);
  const needs = filesOf(view).flatMap(path =>
    needsOf({ view, path, optional: false }, view).map(need => ({ of: path, need })),
  );
  const input = needs.map(({ need: { what } }) => `${what}\n`).join('');
  const said = execaSync('chroot', [root, 'sh', '-c', ASK], { input }).stdout.split('\n');
  const found = needs.map((need, i) => ({
    ...need,
    real: said[2 * i]!,
    isExecutable: said[2 * i + 1] === 'yes',
  }));
  return { root, found };
}

const names: readonly RootName[] = [
  'apps-bookworm',
  'apps-trixie',
  'media-bookworm',
  'host-bookworm',
  'selinux-bookworm',
  'tools-trixie',
];

describe.runIf(able).each(names)('the needs of all programs and libraries of %s', name => {
  let root: string;
  let found: Found[];
  beforeAll(async () => {
    ({ root, found } = await needsIn(name));
  });

  it('name only files that exist, and each of them once', () => {
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(({ real }) => real === '')).toEqual([]);
    const last = new Map(found.map(each => [`${each.of} ${each.real}`, each]));
    expect(found.filter(each => last.get(`${each.of} ${each.real}`) !== each)).toEqual([]);
  });

  it('take no text for a program', () => {
    const programs = found.filter(
      ({ need: { what, strength } }) => /\/s?bin\/[^/]+$/.test(what) && reaches(strength, 'recommended'),
    );
    expect(programs.filter(({ isExecutable }) => !isExecutable)).toEqual([]);
    const bytes = ({ need: { evidence } }: Found) => fs.readFileSync(root + evidence.file, 'latin1');

    const named = programs.filter(({ need: { evidence } }) => evidence.kind === 'path');
    // not the beginning or the middle of a text such as "see /usr/bin/x for more"
    expect(named.filter(each => !bytes(each).includes(`${each.need.evidence.text}\0`))).toEqual([]);

    const run = programs.filter(({ need: { evidence } }) => /^(?:command|script)$/.test(evidence.kind));
    const builtins = execaSync('bash', ['-c', 'compgen -b -k']).stdout.split('\n');
    const lineOf = (each: Found) => bytes(each).split('\n')[each.need.evidence.line! - 1]!;
    expect(run.length).toBeGreaterThan(50);
    expect(run.filter(each => !lineOf(each).includes(each.need.evidence.text))).toEqual([]);
    expect(run.filter(each => /^\s*#/.test(lineOf(each)))).toEqual([]);
    expect(run.filter(({ need: { evidence } }) => builtins.includes(evidence.text))).toEqual([]);
  });
});
