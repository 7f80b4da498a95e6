import { describe, expect, it } from 'vitest';
import { holds, program, refusal } from '../plan.ts';
import { hostPlan, roots } from './world.ts';

const { staging, host } = roots();
const text = (content: string) => ({ text: content });
const RELEASE = '/usr/lib/extension-release.d/extension-release.app';

describe('the files of a tree that is bound to hosts', () => {
  it('refuses to replace a file of the host that the user names', () => {
    const root = staging({ '/usr/bin/app': program() });
    const given = host('debian 13', { '/usr/bin/app': program() });
    const { code, message } = refusal(() => hostPlan(root, [given], ['/usr/bin/app']));
    expect([code, message]).toEqual([
      'host-has-it',
      'the tree would replace /usr/bin/app of debian 13, which the programs of the host use',
    ]);
    const paths = [{ source: '/usr/bin/app', target: '/usr/bin/other' }];
    expect(holds(hostPlan(root, [given], [], { paths }))).toEqual(['/usr/bin/other', RELEASE]);
  });

  it('brings of a directory only the files that no host has, and counts the others', () => {
    const root = staging({
      '/usr/bin/app': program(),
      '/usr/share/app/a': text('a'),
      '/usr/share/app/sub/b': text('b'),
      '/usr/share/app/c': text('c'),
    });
    const given = host('debian 13', { '/usr/share/app/a': text('old'), '/usr/share/app/sub/b': text('b') });
    const plan = hostPlan(root, [given], ['/usr/bin/app', '/usr/share/app']);
    expect(holds(plan, '/usr/share')).toEqual(['/usr/share/app/c']);
    expect(plan.files.some(({ target }) => target === '/usr/share/app/sub')).toBe(false);
    expect(plan.remarks).toContainEqual({
      code: 'left-to-host',
      file: 'app',
      message: '2 files are not brought, because debian 13 has them: /usr/share/app/a, /usr/share/app/sub/b',
    });
    expect(plan.bound!.host.files).toEqual(['/usr/share/app/a', '/usr/share/app/sub/b']);
  });

  it('leaves a program in a directory to the host, with the libraries that it would need', () => {
    const root = staging({
      '/usr/lib/app/helper': program({ needed: ['libhelp.so.1', 'libc.so.6'] }),
      '/usr/bin/app': program(),
      '/usr/lib/libhelp.so.1': { soname: 'libhelp.so.1' },
    });
    const given = host('debian 13', { '/usr/lib/app/helper': program() });
    const plan = hostPlan(root, [given], ['/usr/bin/app', '/usr/lib/app']);
    expect(holds(plan)).toEqual(['/usr/bin/app', RELEASE]);
  });

  it('refuses files that only some of the hosts have', () => {
    const root = staging({ '/usr/bin/app': program(), '/usr/share/app/a': text('a') });
    const hosts = [host('debian 12', {}), host('debian 13', { '/usr/share/app/a': text('a') })];
    const { code, message } = refusal(() => hostPlan(root, hosts, ['/usr/bin/app', '/usr/share/app']));
    expect(code).toBe('hosts-differ');
    expect(message).toContain('/usr/share/app/a: only debian 13 has it');
  });

  it('puts files of a directory that is a link on every host into the target of the link', () => {
    const files = { '/usr/sbin/daemon': program(), '/usr/bin/app': program() };
    const linked = { '/usr/sbin': { link: 'bin' }, '/usr/bin/sh': { text: '' } };
    const hosts = [host('fedora 42', linked), host('fedora 43', linked)];
    const plan = hostPlan(staging(files), hosts, ['/usr/sbin/daemon', '/usr/bin/app']);
    expect(plan.entries).toEqual(['/usr/bin/daemon', '/usr/bin/app']);
    expect(plan.remarks).toContainEqual(
      expect.objectContaining({
        code: 'moved-with-host',
        message: 'on the hosts, /usr/sbin is a link to /usr/bin, so its file is in /usr/bin',
      }),
    );
    const other = host('fedora 44', { '/usr/sbin/sh': { text: '' } });
    const refused = refusal(() => hostPlan(staging(files), [...hosts, other], ['/usr/sbin/daemon']));
    expect(refused.code).toBe('hosts-differ');
  });

  it('refuses a file below a link of the host, which its directory would replace', () => {
    const root = staging({ '/usr/bin/app': program(), '/usr/share/app/a': text('a') });
    const given = host('debian 13', { '/usr/share/app': { link: 'other' }, '/usr/share/other/b': text('b') });
    const { message } = refusal(() => hostPlan(root, [given], ['/usr/bin/app', '/usr/share/app']));
    expect(message).toContain('/usr/share/app/a: /usr/share/app of debian 13 is not a directory');
  });

  it('leaves what a script needs to a host that has it, and brings it to one that does not', () => {
    const root = staging({
      '/usr/bin/tool': { text: '#!/usr/bin/lang\n', mode: 0o755 },
      '/usr/bin/lang': program(),
    });
    const plan = hostPlan(root, [host('debian 13', { '/usr/bin/lang': program() })], ['/usr/bin/tool']);
    expect(holds(plan)).toEqual(['/usr/bin/tool', RELEASE]);
    expect(plan.bound!.host).toMatchObject({ files: ['/usr/bin/lang'], claim: 'ID=debian VERSION_ID=13' });
    const bare = hostPlan(root, [host('debian 12', {})], ['/usr/bin/tool']);
    expect(holds(bare)).toEqual(['/usr/bin/lang', '/usr/bin/tool', RELEASE]);
  });

  it('leaves data to hosts that have it at different places at which the library looks', () => {
    const root = staging({
      '/usr/bin/app': program({ needed: ['libslang.so.2', 'libc.so.6'] }),
      '/usr/lib/libslang.so.2': { soname: 'libslang.so.2' },
      '/usr/lib/terminfo/x/xterm': text('x'),
    });
    const hosts = [
      host('debian 12', { '/usr/lib/terminfo/x/xterm': text('x') }),
      host('debian 13', { '/usr/share/terminfo/x/xterm': text('x') }),
    ];
    const plan = hostPlan(root, hosts, ['/usr/bin/app']);
    expect(holds(plan)).toEqual(['/usr/bin/app', RELEASE, '/usr/local/app/lib/libslang.so.2']);
    expect(plan.bound!.host.files).toEqual([]);
    const bare = hostPlan(root, [host('debian 14', {})], ['/usr/bin/app']);
    expect(holds(bare)).toContain('/usr/lib/terminfo/x/xterm');
  });

  it('leaves a need open that only some of the hosts have, unless it is required', () => {
    const root = staging({
      '/usr/bin/tool': { text: '#!/usr/bin/lang\n. /usr/share/app/part\n', mode: 0o755 },
      '/usr/bin/lang': program({ data: '/usr/share/app\0' }),
      '/usr/share/app/part': text('a'),
    });
    const hosts = [host('debian 12', {}), host('debian 13', { '/usr/share/app/part': text('a') })];
    const plan = hostPlan(root, hosts, ['/usr/bin/lang'], { needs: 'candidate' });
    expect(plan.needs).toContainEqual(
      expect.objectContaining({
        what: '/usr/share/app',
        verdict: 'open',
        because: 'of the hosts, only debian 13 has /usr/share/app/part',
      }),
    );
    expect(holds(plan)).toEqual(['/usr/bin/lang', RELEASE]);
  });

  it('brings a program that every host is taken to have to a host that lacks it', () => {
    const files = {
      '/usr/bin/tool': { text: '#!/usr/bin/env bash\nexit\n', mode: 0o755 },
      '/usr/bin/env': program(),
      '/usr/bin/bash': program(),
    };
    const plan = hostPlan(staging(files), [host('debian 13', {})], ['/usr/bin/tool']);
    expect(holds(plan)).toEqual(['/usr/bin/bash', '/usr/bin/env', '/usr/bin/tool', RELEASE]);
  });
});
