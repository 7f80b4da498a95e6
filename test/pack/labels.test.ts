import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { labelsOf, openFileContexts } from '../../src/pack/labels.ts';
import { readFileContexts } from '../../src/systemd/file-contexts.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

describe('openFileContexts', () => {
  function host(directory: string, configuration: string): string {
    const files = at(directory, configuration, 'strict/contexts/files');
    fs.mkdirSync(files, { recursive: true });
    fs.writeFileSync(at(directory, configuration, 'config'), 'SELINUX=enforcing\nSELINUXTYPE=strict\n');
    fs.writeFileSync(`${files}/file_contexts`, '/usr(/.*)? usr\n');
    fs.writeFileSync(`${files}/file_contexts.local`, '/usr/bin/x bin\n');
    fs.writeFileSync(`${files}/file_contexts.subs_dist`, '/bin /usr/bin\n');
    return files;
  }

  it.each(['etc/selinux', 'usr/etc/selinux'])(
    'finds the policy of a host in %s, and the files beside it',
    where => {
      const files = host('host', where);
      for (const given of [at('host'), `${files}/file_contexts`]) {
        const labels = openFileContexts(given);
        expect(labels('/bin/x', 'file')).toBe('bin');
        expect(labels('/usr/lib', 'directory')).toBe('usr');
      }
    },
  );

  it('says what to give if there is no policy', () => {
    for (const given of [at('absent'), (fs.mkdirSync(at('empty')), at('empty'))])
      expect(() => openFileContexts(given), given).toThrow(
        expect.objectContaining({ code: 'no-file-contexts' }),
      );
  });
});

it('labels a file by its original path', () => {
  const policy = readFileContexts(['/usr/lib/.* lib\n/opt/.* opt\n']);
  const labels = labelsOf(policy, path => (path === '/opt/x/libc.so' ? '/usr/lib/libc.so' : undefined));
  expect(labels('/opt/x/libc.so', 'file')).toBe('lib');
  expect(labels('/opt/x/other', 'file')).toBe('opt');
});
