import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { base, type Files, holds, LIB, planOf, PRIVATE, program, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const library = (text: string, references: readonly string[] = ['dladdr']): Files => ({
  '/usr/bin/app': program({ needed: ['libself.so.1', 'libc.so.6'] }),
  [`${LIB}/libself.so.1`]: { soname: 'libself.so.1', needed: ['libc.so.6'], references, data: `\0${text}\0` },
  [`${LIB}/self/plugins/one.so`]: {},
  '/usr/lib/share/data': { text: '' },
});
const plan = (files: Files, ...paths: string[]) =>
  planOf(rootAt(at(`root-${roots++}`), { ...base, ...files }), ['/usr/bin/app', ...paths]);
const neighbours = (files: Files, ...paths: string[]) =>
  holds(plan(files, ...paths), '/usr/local/app').filter(line => /\/(?:self|share) ->/.test(line));
const remarks = (files: Files, ...paths: string[]) =>
  plan(files, ...paths)
    .remarks.filter(({ code }) => code === 'neighbour-left-out')
    .map(({ message }) => message);

describe('a library that learns where its own file is', () => {
  it.each<[string, Files]>([
    ['by dladdr', library('%s/self/plugins')],
    ['by dladdr, without a string that tells what it looks for', library('x')],
    ['by /proc/self/maps', library('/proc/self/maps', [])],
  ])('has the directories beside it beside its private copy, too: %s', (_, files) => {
    expect(neighbours(files, `${LIB}/self`)).toEqual([
      `${PRIVATE}/self -> ../../../lib/x86_64-linux-gnu/self`,
    ]);
    expect(remarks(files, `${LIB}/self`)).toEqual([]);
  });

  it('has what it finds above its directory', () => {
    expect(neighbours(library('/../share/data'), '/usr/lib/share')).toEqual([
      '/usr/local/app/share -> ../../lib/share',
    ]);
  });

  it('is named if what it looks for is not in the tree', () => {
    expect(remarks(library('%s/self/plugins'))).toEqual([
      `looks for ${LIB}/self beside itself, which is not in the tree. Name ${LIB}/self, too, if that feature is used.`,
    ]);
  });

  it.each<[string, Files]>([
    ['nothing beside it has the name', library('%s/other')],
    ['the string is an absolute path', library(`${LIB}/self`)],
    ['it never learns it', library('%s/self/plugins', [])],
  ])('is not named if %s', (_, files) => {
    expect(remarks(files)).toEqual([]);
  });
});
