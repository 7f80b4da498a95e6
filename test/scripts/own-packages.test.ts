import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hiddenBeside, writeHidden } from '../../scripts/compatibility/own-packages.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { buildFixture, type FileRecipe } from '../lab/fixture.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

const stanza = (name: string, more = '') =>
  `Package: ${name}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n${more}\n`;

/** A root with the packages `app`, which depends on `lib`, `base`, which is essential, and `other`. */
function root(files: Readonly<Record<string, FileRecipe>> = {}): string {
  const lists = {
    app: '/usr\n/usr/share\n/usr/share/app\n/usr/share/app/data\n',
    lib: '/lib\n/lib/liba.so\n',
    base: '/usr\n/usr/bin\n/usr/bin/more\n/etc\n/etc/modules\n',
    other:
      '/usr\n/usr/bin\n/usr/bin/less\n/usr/share/app\n/usr/share/app/plugin\n/usr/share/other\n/usr/share/other/x\n/usr/share/other/made/later\n/etc/other\n',
  };
  const listed = Object.values(lists).flatMap(list => list.trim().split('\n'));
  const isDirectory = (path: string) => listed.some(other => other.startsWith(`${path}/`));
  const text = { text: '' };
  fs.mkdirSync(at('root'));
  buildFixture(at('root'), {
    rule: '',
    source: '',
    files: {
      ...Object.fromEntries(
        listed.filter(path => !isDirectory(path)).map(path => [path.replace(/^\/lib/, '/usr/lib'), text]),
      ),
      '/etc/modules': { directory: true },
      '/var/lib/dpkg/status': {
        text: [
          stanza('app', 'Depends: lib (>= 1) | other\n'),
          stanza('lib'),
          stanza('base', 'Essential: yes\n'),
          stanza('other'),
        ].join('\n'),
      },
      ...Object.fromEntries(
        Object.entries(lists).map(([name, list]) => [`/var/lib/dpkg/info/${name}.list`, { text: list }]),
      ),
      ...files,
    },
  });
  return at('root');
}

describe('hiddenBeside', () => {
  it('hides the files and directories of packages to which no dependency leads', () => {
    expect(hiddenBeside(directoryView(root()), ['app']).paths).toEqual([
      '/etc/other',
      '/usr/bin/less',
      '/usr/share/app/plugin',
      '/usr/share/other',
    ]);
  });

  it('hides links of /etc that lead to a hidden file, and gives an alternative its next best target', () => {
    const view = directoryView(
      root({
        '/etc/modules/other': { link: '/usr/share/other/x' },
        '/etc/alternatives/pager': { link: '/usr/bin/less' },
        '/etc/alternatives/pager.1': { link: '/usr/share/other/x' },
        '/var/lib/dpkg/alternatives/pager': {
          text: 'auto\n/usr/bin/pager\npager.1\n/usr/share/man/pager.1\n\n/usr/bin/less\n77\n/usr/share/other/x\n/usr/bin/more\n50\n/usr/share/more.1\n\n',
        },
      }),
    );
    const { paths, links } = hiddenBeside(view, ['app']);
    expect(paths).toContain('/etc/modules/other');
    expect(paths).not.toContain('/etc/alternatives/pager');
    expect([...links]).toEqual([
      ['/etc/alternatives/pager', '/usr/bin/more'],
      ['/etc/alternatives/pager.1', '/usr/share/more.1'],
    ]);
  });
});

describe('writeHidden', () => {
  it.runIf(has('root'))(
    'writes whiteouts and links, keeps the rights of directories and what the layer has',
    () => {
      const place = root();
      fs.chmodSync(`${place}/usr/share`, 0o711);
      fs.mkdirSync(at('layer/usr/bin'), { recursive: true });
      fs.writeFileSync(at('layer/usr/bin/less'), 'kept');
      const hidden = {
        paths: ['/usr/bin/less', '/usr/share/other'],
        links: new Map([['/etc/alternatives/pager', '/usr/bin/more']]),
      };
      fs.mkdirSync(`${place}/etc/alternatives`);
      writeHidden(hidden, at('layer'), place);
      const whiteout = fs.lstatSync(at('layer/usr/share/other'));
      expect(whiteout.isCharacterDevice() && whiteout.rdev).toBe(0);
      expect(fs.readlinkSync(at('layer/etc/alternatives/pager'))).toBe('/usr/bin/more');
      expect(fs.statSync(at('layer/usr/share')).mode & 0o777).toBe(0o711);
      expect(fs.readFileSync(at('layer/usr/bin/less'), 'utf8')).toBe('kept');
      expect(fs.readdirSync(at('layer'))).not.toContain('.whiteout');
    },
  );
});
