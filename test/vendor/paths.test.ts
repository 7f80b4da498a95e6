import { describe, expect, it } from 'vitest';
import { excludedPaths, requiredPaths } from '../../src/vendor/paths.ts';
import { directoryView } from '../../src/view/directory.ts';
import { root } from '../report/root.ts';

const view = directoryView(
  root(
    {
      '/bin': { link: 'usr/bin' },
      '/usr/bin/app': { text: '' },
      '/usr/bin/app2': { text: '' },
      '/usr/bin/[': { text: '' },
      '/usr/bin/x*y': { text: '' },
      '/usr/bin/xzy': { text: '' },
      '/usr/share/app/data': { text: '' },
    },
    'none',
  ),
  { label: 'the root' },
);

describe.each(['the path', '--include'])('the PATH of %s', option => {
  const read = (...args: string[]) => requiredPaths(view, args, option);

  it('may have a TARGET', async () => {
    expect(await read('/usr/bin/app:/opt/app/run')).toEqual([
      { source: '/usr/bin/app', target: '/opt/app/run' },
    ]);
  });

  it('may be a glob, whose matches are named', async () => {
    expect((await read('/bin/app*')).map(({ source }) => source)).toEqual(['/usr/bin/app', '/usr/bin/app2']);
  });

  it('puts the matches of a glob below TARGET', async () => {
    expect((await read('/usr/bin/app*:/usr/lib/app')).map(({ target }) => target)).toEqual([
      '/usr/lib/app/app',
      '/usr/lib/app/app2',
    ]);
  });

  it.each(['/usr/bin/[', '/usr/bin/x*y'])('means the file that is really called %s', async path => {
    expect(await read(path)).toEqual([{ source: path }]);
  });

  it('is refused if it is a glob that matches nothing', async () => {
    await expect(read('/usr/bin/none*')).rejects.toThrow('/usr/bin/none* matches nothing in the root');
  });

  it('is refused with a TARGET that is a directory of every host', async () => {
    await expect(read('/usr/bin/app:/usr/bin')).rejects.toThrow(
      '/usr/bin/app:/usr/bin: TARGET must name the file, not its directory',
    );
    await expect(read('/usr/bin/app:/opt/app/')).rejects.toThrow(
      '/usr/bin/app:/opt/app/: TARGET must name the file, not its directory',
    );
  });

  it('is refused if it is relative or empty', async () => {
    await expect(read('usr/bin/app')).rejects.toThrow('is not an absolute path inside the root');
    await expect(read('')).rejects.toThrow(`${option} is empty`);
  });
});

describe('the PATH of --exclude', () => {
  it('leaves out a file, a directory with everything in it, and what a glob matches', async () => {
    const { has } = await excludedPaths([view], ['/bin/app', '/usr/share/app', '/usr/bin/x?y']);
    const left = ['/usr/bin/app', '/usr/bin/app2', '/usr/share/app/data', '/usr/bin/xzy', '/usr/bin/x*y'];
    expect(left.filter(has)).toEqual(['/usr/bin/app', '/usr/share/app/data', '/usr/bin/xzy', '/usr/bin/x*y']);
  });

  it('is reported if it matches nothing, since a second run in place finds nothing any more', async () => {
    expect((await excludedPaths([view], ['/usr/none', '/usr/n*', '/usr/bin'])).unused).toEqual([
      '/usr/none',
      '/usr/n*',
    ]);
  });

  it('has no TARGET', async () => {
    await expect(excludedPaths([view], ['/usr/bin/app:/usr/x'])).rejects.toThrow(
      'what is left out goes nowhere',
    );
  });
});
