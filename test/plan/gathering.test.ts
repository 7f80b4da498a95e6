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
    gathering.add(typeof request === 'string' ? { source: request } : request, 'requested');
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

describe('a requested path', () => {
  it.each<[string, Files, string | PathRequest, readonly string[], readonly string[]]>([
    ['keeps its path', { '/usr/bin/app': app }, '/usr/bin/app', ['/usr/bin/app'], ['/usr/bin/app']],
    [
      'moves below /usr on a merged root',
      { '/usr/bin/app': app },
      '/bin/app',
      ['/usr/bin/app'],
      ['/usr/bin/app'],
    ],
    [
      'goes to its TARGET',
      { '/etc/app': app },
      { source: '/etc/app', target: '/bin/other' },
      ['/usr/bin/other'],
      ['/usr/bin/other'],
    ],
    [
      'stays a link, which leads straight to the real file',
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
      'becomes a file at its TARGET, even if it is a link',
      { '/usr/bin/vim': { link: '/etc/vim' }, '/etc/vim': app },
      { source: '/usr/bin/vim', target: '/usr/bin/vi' },
      ['/usr/bin/vi'],
      ['/usr/bin/vi'],
    ],
    [
      'is not an entry if it is not a program',
      { '/usr/bin/app': { text: '#!/bin/sh\n' } },
      '/usr/bin/app',
      ['/usr/bin/app'],
      [],
    ],
    [
      'stays inside the root if a link goes up too many levels',
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
    ['does not exist', {}, '/usr/bin/app', 'absent'],
    ['is a dangling link', { '/usr/bin/app': { link: 'gone' } }, '/usr/bin/app', 'absent'],
    ['is a loop of links', { '/usr/bin/app': { link: 'app' } }, '/usr/bin/app', 'link-loop'],
    ['cannot be part of an extension', { '/etc/app': app }, '/etc/app', 'target-outside'],
    [
      'links to a file that cannot be part of an extension',
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
    ['is /usr itself', {}, '/usr', 'target-outside'],
  ])('is refused if it %s', (_, files, request, code) => {
    expect(refusal(() => gather(files, [request])).code).toBe(code);
  });
});

describe('a requested directory', () => {
  const DATA = '/usr/share/app';
  const brought = (files: Files, more: readonly string[] = [], skip?: (path: string) => boolean) =>
    gather({ [`${DATA}/here`]: { text: '' }, ...files }, [DATA, ...more], skip);

  it('is copied with its contents, in which programs and objects are recognised', () => {
    const { placed, entries } = brought({
      [`${DATA}/bin/tool`]: app,
      [`${DATA}/plugin.so`]: { soname: 'plugin.so' },
      [`${DATA}/data`]: { text: 'x' },
    });
    expect(placed.sort()).toEqual([`object ${DATA}/plugin.so`, `program ${DATA}/bin/tool`]);
    expect(entries).toEqual([]);
  });

  it.each<[string, Files, readonly string[], readonly string[]]>([
    ['to a copied file is kept', { [`${DATA}/x`]: { link: `${DATA}/here` } }, [`${DATA}/x -> here`], []],
    [
      'to a library elsewhere also copies the library to its own path',
      { [`${DATA}/x`]: { link: '/lib/libx.so' }, '/usr/lib/libx.so': { soname: 'libx.so' } },
      ['/usr/lib/libx.so', `${DATA}/x -> ../../lib/libx.so`],
      [],
    ],
    [
      'to a file that cannot be part of an extension becomes a copy, with a remark',
      { [`${DATA}/x`]: { link: '/etc/conf' }, '/etc/conf': { text: '' } },
      [`${DATA}/x`],
      [`copied-link ${DATA}/x`],
    ],
    [
      'to certificates of the root becomes a link to those of the host, with a remark',
      { [`${DATA}/x`]: { link: '/etc/ssl/certs' }, '/etc/ssl/certs/ca.pem': { text: '' } },
      [`${DATA}/x -> /etc/ssl/certs`],
      [`host-link ${DATA}/x`],
    ],
    [
      'to the time zone of the root becomes a link to that of the host, although the root has none',
      { [`${DATA}/x`]: { link: '../../../etc/localtime' } },
      [`${DATA}/x -> /etc/localtime`],
      [`host-link ${DATA}/x`],
    ],
    [
      'to a directory that was not requested is left out, with a remark',
      { [`${DATA}/x`]: { link: '/usr/share/other' }, '/usr/share/other': { directory: true } },
      [],
      [`link-outside ${DATA}/x`],
    ],
    [
      'that dangles is left out, with a remark',
      { [`${DATA}/x`]: { link: 'gone' } },
      [],
      [`dangling-link ${DATA}/x`],
    ],
    [
      'that is a loop is left out, with a remark',
      { [`${DATA}/x`]: { link: 'x' } },
      [],
      [`dangling-link ${DATA}/x`],
    ],
  ])('a link %s', (_, files, expected, remarks) => {
    const found = brought(files);
    expect(found.holds).toEqual([...expected, `${DATA}/here`].sort());
    expect(found.remarks).toEqual(remarks);
  });

  it('keeps a link to another requested directory, in either order', () => {
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

  it('leaves out FIFOs and skipped directories', () => {
    const files: Files = { [`${DATA}/fifo`]: { fifo: true }, [`${DATA}/out/file`]: { text: '' } };
    const found = brought(files, [], path => path === `${DATA}/out`);
    expect(found.holds).toEqual([`${DATA}/here`]);
    expect(found.remarks).toEqual([`special-file ${DATA}/fifo`]);
  });

  it('may contain broken ELF files, with a remark', () => {
    const found = brought({ [`${DATA}/broken`]: { text: '\u007fELF and no more' } });
    expect(found.holds).toContain(`${DATA}/broken`);
    expect(found.remarks).toEqual([`malformed-elf ${DATA}/broken`]);
  });

  it('tells where a file of the root lies in the tree', () => {
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
