import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/plan/claims.ts';
import { gatherTree } from '../../src/plan/gather.ts';
import { scratch } from '../io/scratch.ts';
import { type Files, holds, program, refusal, rootAt } from './plan.ts';

const at = scratch();

function gather(files: Files, entries: readonly string[] = [], skip = '/none') {
  const claims = new Claims();
  const { placed, remarks } = gatherTree(
    rootAt(at('tree'), files, 'none', 'the tree'),
    claims,
    entries,
    path => path === skip,
  );
  return {
    holds: holds({ files: claims.sorted() }),
    placed: placed.map(({ role, target }) => `${role} ${target}`),
    remarks: remarks.map(({ code, file }) => `${code} ${file}`),
  };
}

const files: Files = {
  '/usr/bin/a': program(),
  '/usr/bin/b': program(),
  '/usr/bin/script': { text: '#!/bin/sh\n' },
  '/usr/lib/libx.so.1': { soname: 'libx.so.1' },
  '/usr/lib/libx.so': { link: '/usr/lib/libx.so.1' },
};

describe('a DESTDIR tree', () => {
  it('keeps every file at its path: programs are entries, links are unchanged', () => {
    const found = gather(files);
    expect(found.holds).toEqual([
      '/usr/bin/a',
      '/usr/bin/b',
      '/usr/bin/script',
      '/usr/lib/libx.so -> /usr/lib/libx.so.1',
      '/usr/lib/libx.so.1',
    ]);
    expect(found.placed).toEqual(['entry /usr/bin/a', 'entry /usr/bin/b', 'object /usr/lib/libx.so.1']);
  });

  it.each(['/usr/bin/a', '/usr/bin'])('can be restricted to some of its programs by naming %s', entry => {
    const found = gather({ ...files, '/opt/c': program() }, [entry]);
    expect(found.placed).not.toContain('entry /opt/c');
    expect(found.placed).toContain('entry /usr/bin/a');
    expect(found.placed.includes('entry /usr/bin/b')).toBe(entry === '/usr/bin');
    expect(found.holds).toContain('/opt/c'); // it stays as it is
  });

  it.each(['/usr/bin/script', '/usr/lib/libx.so.1', '/usr/bin/ab'])(
    'is refused if a named path is not a program in it: %s',
    entry => {
      const { code, message } = refusal(() => gather(files, [entry]));
      expect(code).toBe('no-program');
      expect(message).toContain(entry);
    },
  );

  it('is refused if it contains neither a program nor a library', () => {
    expect(() => gather({ '/usr/share/doc/readme': { text: 'x' } })).toThrow(
      expect.objectContaining({
        code: 'no-program',
        fix: expect.stringContaining('A script counts as a program if it is executable'),
      }),
    );
  });

  it.each(['/bin/a', '/home/me/a'])('is refused with a program outside /usr and /opt: %s', place => {
    const { code, message } = refusal(() => gather({ ...files, [place]: program() }));
    expect(code).toBe('target-outside');
    expect(message).toContain(place);
  });

  it('may contain files that are not merged, with a remark', () => {
    expect(gather({ ...files, '/etc/app.conf': { text: 'x' } }).remarks).toEqual(['not-merged /etc']);
  });

  it('may contain broken ELF files, with a remark', () => {
    const found = gather({ ...files, '/usr/share/broken': { text: '\u007fELF and no more' } });
    expect(found.holds).toContain('/usr/share/broken');
    expect(found.remarks).toEqual(['malformed-elf /usr/share/broken']);
  });

  it('is refused with a FIFO', () => {
    const { code, message } = refusal(() => gather({ '/usr/share/fifo': { fifo: true } }));
    expect(code).toBe('special-file');
    expect(message).toContain('/usr/share/fifo');
  });

  it('is refused with a link whose target is not valid UTF-8', () => {
    fs.mkdirSync(at('tree/usr'), { recursive: true });
    fs.symlinkSync(Buffer.from('caf\u00e9', 'latin1'), at('tree/usr/link'));
    const { code, message } = refusal(() => gather({}));
    expect(code).toBe('name-not-utf8');
    expect(message).toContain('/usr/link');
  });

  it('is not searched where the output lies', () => {
    expect(gather({ ...files, '/out/x': { text: '' } }, [], '/out').holds).not.toContain('/out/x');
  });
});
