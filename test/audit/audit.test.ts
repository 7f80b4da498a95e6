import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { View } from '../../src/view/view.ts';
import {
  extension,
  host,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  removeRoots,
  root,
  treeView,
} from './world.ts';

afterAll(removeRoots);

describe('audit over several hosts', () => {
  const places = { one: root('one', host()), two: root('two', host('ID=debian\nVERSION_ID=12\n')) };
  const trees = ['a', 'b'].map(name => ({ name, view: treeView(root(name, extension(name, {})), name) }));

  function* opened(log: string[]): Generator<View> {
    for (const [label, place] of Object.entries(places)) {
      log.push(`open ${label}`);
      yield directoryView(place, { label });
    }
  }
  const inTurn = (log: string[]) => ({ length: 2, [Symbol.iterator]: () => opened(log) });

  it('opens a host only after the audit of the one before has ended', () => {
    const log: string[] = [];
    const onStack = (names: readonly string[]) => void log.push(names.join());
    audit(trees, inTurn(log), { each: true, onStack });
    expect(log).toEqual(['open one', 'a', 'b', 'open two', 'a', 'b']);
  });

  it('finds the same as over a list of views', () => {
    const views = Object.entries(places).map(([label, place]) => directoryView(place, { label }));
    for (const each of [true, false]) {
      const found = audit(trees, inTurn([]), { each });
      expect(found).toEqual(audit(trees, views, { each }));
      expect(found.hosts).toEqual(['one', 'two']);
    }
  });
});

describe('an audit over hosts of which one changes what a program of the extension loads', () => {
  const before = `${LIB}/vendor`;
  const files = {
    [PRIVATE_LOADER]: openLoader,
    [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
    [`${PRIVATE}/libfoo.so.1`]: library('libfoo.so.1'),
    '/usr/bin/app': program({
      interp: PRIVATE_LOADER,
      needed: ['libfoo.so.1', 'libc.so.6'],
      runpath: `${before}:${PRIVATE}`,
    }),
  };
  const tree = { name: 'app', view: treeView(root('app', extension('app', files)), 'app') };
  const plain = directoryView(root('plain', host()), { label: 'plain' });
  const changing = directoryView(
    root('changing', host(undefined, { [`${before}/libfoo.so.1`]: library('libfoo.so.1') })),
    { label: 'changing' },
  );
  const leaks = (hosts: readonly View[]) =>
    audit([tree], hosts)
      .findings.filter(({ kind }) => kind === 'leaks/host-library')
      .map(finding => [finding.culprit, finding.hosts]);

  it('reports the change for this host only, in whichever order the hosts are given', () => {
    const found = [[`${before}/libfoo.so.1`, ['changing']]];
    expect(leaks([plain, changing])).toEqual(found);
    expect(leaks([changing, plain])).toEqual(found);
    expect(leaks([plain])).toEqual([]);
  });
});
