import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/plan/claims.ts';
import { Gathering } from '../../src/plan/gathering.ts';
import type { PathRequest } from '../../src/plan/request.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, holds, program, refusal, rootAt } from './plan.ts';

const at = scratch();
const app = program();

function gather(
  files: Files,
  requests: readonly (string | PathRequest)[],
  skip: (path: string) => boolean = () => false,
) {
  const claims = new Claims();
  const gathering = new Gathering(rootAt(at('root'), { ...base, ...files }, 'none'), claims, skip);
  for (const request of requests)
    gathering.add(typeof request === 'string' ? { source: request } : request, 'asked for');
  gathering.settle();
  const { placed, entries, remarks } = gathering;
  return {
    holds: holds({ files: claims.sorted() }),
    placed: placed.map(({ role, target }) => `${role} ${target}`),
    entries,
    remarks: remarks.map(({ code, file }) => `${code} ${file}`),
    gathering,
  };
}

describe('a path that was asked for', () => {
  it.each<[string, Files, string | PathRequest, readonly string[], readonly string[]]>([
    ['keeps its place', { '/usr/bin/app': app }, '/usr/bin/app', ['/usr/bin/app'], ['/usr/bin/app']],
    ['goes under /usr', { '/usr/bin/app': app }, '/bin/app', ['/usr/bin/app'], ['/usr/bin/app']],
    [
      'goes where it is told to',
      { '/etc/app': app },
      { source: '/etc/app', target: '/bin/other' },
      ['/usr/bin/other'],
      ['/usr/bin/other'],
    ],
    [
      'stays a link, without what lies between it and the file',
      {
        '/usr/bin/vim': { link: '/etc/alternatives/vim' },
        '/etc/alternatives/vim': { link: '/usr/bin/vim.basic' },
        '/usr/bin/vim.basic': app,
      },
      '/usr/bin/vim',
      ['/usr/bin/vim -> vim.basic', '/usr/bin/vim.basic'],
      ['/usr/bin/vim'],
    ],
    [
      'is a file, not a link, at a place of its own',
      { '/usr/bin/vim': { link: '/etc/vim' }, '/etc/vim': app },
      { source: '/usr/bin/vim', target: '/usr/bin/vi' },
      ['/usr/bin/vi'],
      ['/usr/bin/vi'],
    ],
    [
      'is no entry if it is no program',
      { '/usr/bin/app': { text: '#!/bin/sh\n' } },
      '/usr/bin/app',
      ['/usr/bin/app'],
      [],
    ],
    [
      'stays inside the root, however many levels a link goes up',
      { '/usr/bin/app': { link: '../../../../usr/lib/app' }, '/usr/lib/app': app },
      '/usr/bin/app',
      ['/usr/bin/app -> ../lib/app', '/usr/lib/app'],
      ['/usr/bin/app'],
    ],
  ])('%s', (_, files, request, expected, entries) => {
    const found = gather(files, [request]);
    expect(found.holds).toEqual(expected);
    expect(found.entries).toEqual(entries);
  });

  it.each<[string, Files, string, string]>([
    ['is not there', {}, '/usr/bin/app', 'absent'],
    ['leads nowhere', { '/usr/bin/app': { link: 'gone' } }, '/usr/bin/app', 'absent'],
    ['is a loop', { '/usr/bin/app': { link: 'app' } }, '/usr/bin/app', 'link-loop'],
    ['has no place in an extension', { '/etc/app': app }, '/etc/app', 'target-outside'],
    [
      'leads to what has none',
      { '/usr/bin/app': { link: '/etc/app' }, '/etc/app': app },
      '/usr/bin/app',
      'target-outside',
    ],
    ['is a FIFO', { '/usr/bin/app': { fifo: true } }, '/usr/bin/app', 'special-file'],
    [
      'is a broken ELF file',
      { '/usr/bin/app': { text: '\u007fELF and no more' } },
      '/usr/bin/app',
      'malformed-elf',
    ],
    ['is all of /usr', {}, '/usr', 'target-outside'],
  ])('is refused where it %s', (_, files, request, code) => {
    expect(refusal(() => gather(files, [request])).code).toBe(code);
  });
});

describe('a directory that was asked for', () => {
  const DATA = '/usr/share/app';
  const brought = (files: Files, more: readonly string[] = [], skip?: (path: string) => boolean) =>
    gather({ [`${DATA}/here`]: { text: '' }, ...files }, [DATA, ...more], skip);

  it('brings all that it holds: programs and objects are told from data', () => {
    const { placed, entries } = brought({
      [`${DATA}/bin/tool`]: app,
      [`${DATA}/plugin.so`]: { soname: 'plugin.so' },
      [`${DATA}/data`]: { text: 'x' },
    });
    expect(placed.sort()).toEqual([`object ${DATA}/plugin.so`, `program ${DATA}/bin/tool`]);
    expect(entries).toEqual([]);
  });

  it.each<[string, Files, readonly string[], readonly string[]]>([
    ['to what is brought stays', { [`${DATA}/x`]: { link: `${DATA}/here` } }, [`${DATA}/x -> here`], []],
    [
      'to a library outside brings it to its own place',
      { [`${DATA}/x`]: { link: '/lib/libx.so' }, '/usr/lib/libx.so': { soname: 'libx.so' } },
      ['/usr/lib/libx.so', `${DATA}/x -> ../../lib/libx.so`],
      [],
    ],
    [
      'to a file that has no place becomes a copy, aloud',
      { [`${DATA}/x`]: { link: '/etc/conf' }, '/etc/conf': { text: '' } },
      [`${DATA}/x`],
      [`copied-link ${DATA}/x`],
    ],
    [
      'to a directory that was not asked for is left out, aloud',
      { [`${DATA}/x`]: { link: '/usr/share/other' }, '/usr/share/other': { directory: true } },
      [],
      [`link-outside ${DATA}/x`],
    ],
    [
      'that leads nowhere is left out, aloud',
      { [`${DATA}/x`]: { link: 'gone' } },
      [],
      [`dangling-link ${DATA}/x`],
    ],
    ['that is a loop is left out, aloud', { [`${DATA}/x`]: { link: 'x' } }, [], [`dangling-link ${DATA}/x`]],
  ])('a link %s', (_, files, expected, remarks) => {
    const found = brought(files);
    expect(found.holds).toEqual([...expected, `${DATA}/here`].sort());
    expect(found.remarks).toEqual(remarks);
  });

  it('a link to another directory that is asked for stays, whichever comes first', () => {
    const files: Files = {
      [`${DATA}/x`]: { link: '/usr/share/other' },
      '/usr/share/other/y': { link: '../app' },
    };
    expect(brought(files, ['/usr/share/other']).holds).toEqual([
      `${DATA}/here`,
      `${DATA}/x -> ../other`,
      '/usr/share/other/y -> ../app',
    ]);
  });

  it('leaves out FIFOs and what is to be skipped', () => {
    const files: Files = { [`${DATA}/fifo`]: { fifo: true }, [`${DATA}/out/file`]: { text: '' } };
    const found = brought(files, [], path => path === `${DATA}/out`);
    expect(found.holds).toEqual([`${DATA}/here`]);
    expect(found.remarks).toEqual([`special-file ${DATA}/fifo`]);
  });

  it('may hold broken ELF files, and says so', () => {
    const found = brought({ [`${DATA}/broken`]: { text: '\u007fELF and no more' } });
    expect(found.holds).toContain(`${DATA}/broken`);
    expect(found.remarks).toEqual([`malformed-elf ${DATA}/broken`]);
  });

  it('tells where a file of the root has its place', () => {
    const { gathering, placed } = gather(
      { '/srv/app/lib/x.so': { soname: 'x.so' }, '/usr/lib/y.so': { soname: 'y.so' } },
      [{ source: '/srv/app', target: '/opt/app' }],
    );
    expect(placed).toEqual(['object /opt/app/lib/x.so']);
    expect(gathering.placeOf('/srv/app/lib/x.so')).toBe('/opt/app/lib/x.so');
    expect(gathering.placeOf('/usr/lib/y.so')).toBeUndefined();
    expect(gathering.placeOf('/srv/apple')).toBeUndefined();
  });
});
