import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/plan/claims.ts';
import { claimLicences } from '../../src/plan/licences.ts';
import type { View } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';
import { wrapPlanOf, wrapRoot } from './flatwrap/plan.ts';
import { type Files, planOf, rootAt } from './plan.ts';

const at = scratch();
const PREFIX = '/usr/local/app';

const dpkg = (...packages: readonly [name: string, ...paths: string[]][]): Files => ({
  '/var/lib/dpkg/status': {
    text: packages.map(([name]) => `Package: ${name}\nArchitecture: all\nVersion: 1\n`).join('\n'),
  },
  ...Object.fromEntries(
    packages.map(([name, ...paths]) => [`/var/lib/dpkg/info/${name}.list`, { text: paths.join('\n') }]),
  ),
});

/** The licence files that come along with files of roots, as `TARGET < SOURCE`. */
function claimed(...files: readonly [View, string][]) {
  const claims = new Claims();
  for (const [view, path] of files)
    claims.claim({
      target: `${path}.${view.label}`,
      role: 'resource',
      why: '',
      content: { kind: 'copy', view, path, edits: [] },
    });
  const { licences, remarks } = claimLicences(claims, PREFIX);
  const shown = claims.sorted().flatMap(({ target, content }) => {
    const [, name] = target.split(`${PREFIX}/share/licenses/`);
    return name !== undefined && content.kind === 'copy' ? [`${name} < ${content.path}`] : [];
  });
  return { licences, shown, remarks: remarks.map(({ message }) => message) };
}

describe('licence files', () => {
  it('come along with each package that owns a file, also from the directory of another package', () => {
    const view = rootAt(at('root'), {
      '/usr/bin/app': { text: '' },
      '/usr/lib/libx.so': { text: '' },
      '/usr/share/doc/app/copyright': { text: 'app' },
      '/usr/share/doc/libx': { link: 'x-base' },
      '/usr/share/doc/x-base/copyright': { text: 'x' },
      '/usr/share/doc/unused/copyright': { text: 'unused' },
      ...dpkg(['app', '/usr/bin/app'], ['libx', '/usr/lib/libx.so'], ['unused', '/usr/bin/unused']),
    });
    const { shown, licences } = claimed([view, '/usr/bin/app'], [view, '/usr/lib/libx.so']);
    expect(shown).toEqual([
      'app/copyright < /usr/share/doc/app/copyright',
      'libx/copyright < /usr/share/doc/x-base/copyright',
    ]);
    expect(licences.packages.map(({ owner }) => owner.name)).toEqual(['app', 'libx']);
  });

  it('include the common licences to which they refer, through links, and none that the root lacks', () => {
    const view = rootAt(at('root'), {
      '/usr/bin/app': { text: '' },
      '/usr/share/doc/app/copyright': {
        text: 'on Debian in /usr/share/common-licenses/GPL. Or (/usr/share/common-licenses/BSD)',
      },
      '/usr/share/common-licenses/GPL': { link: 'GPL-3' },
      '/usr/share/common-licenses/GPL-3': { text: 'text' },
      ...dpkg(['app', '/usr/bin/app']),
    });
    const { shown, licences } = claimed([view, '/usr/bin/app']);
    expect(shown).toContain('common-licenses/GPL < /usr/share/common-licenses/GPL-3');
    expect(shown).toHaveLength(2);
    expect(licences.common).toEqual([`${PREFIX}/share/licenses/common-licenses/GPL`]);
  });

  it('are found where other distributions keep them', () => {
    const paths = [
      '/usr/share/licenses/app/LICENSE',
      '/usr/share/licenses/app/third/MIT.txt',
      '/usr/share/doc/packages/app/COPYING.LIB',
      '/usr/share/doc/app/NOTICE',
    ];
    const view = rootAt(at('root'), {
      '/usr/bin/app': { text: '' },
      ...Object.fromEntries([...paths, '/usr/share/doc/app/README'].map(path => [path, { text: path }])),
      ...dpkg(['app', '/usr/bin/app', '/usr/share/doc/app/README', ...paths]),
    });
    expect(claimed([view, '/usr/bin/app']).shown.map(line => line.split(' < ')[1])).toEqual([
      paths[2],
      paths[0],
      paths[3],
      paths[1],
    ]);
  });

  it('of packages with one name from two roots do not replace each other', () => {
    const root = (label: string) =>
      rootAt(
        at(label),
        {
          '/usr/bin/app': { text: '' },
          '/usr/share/doc/app/copyright': { text: label },
          ...dpkg(['app', '/usr/bin/app']),
        },
        'glibc',
        label,
      );
    const { shown } = claimed([root('one'), '/usr/bin/app'], [root('two'), '/usr/bin/app']);
    expect(shown.map(line => line.split(' < ')[0])).toEqual(['app.2/copyright', 'app/copyright']);
  });

  it('that are missing are named in one remark', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const view = rootAt(at('root'), {
      ...Object.fromEntries(names.map(name => [`/usr/bin/${name}`, { text: '' }])),
      ...dpkg(...names.map((name): [string, string] => [name, `/usr/bin/${name}`])),
    });
    const { remarks } = claimed(...names.map((name): [View, string] => [view, `/usr/bin/${name}`]));
    expect(remarks).toEqual([expect.stringContaining('no licence file of a, b, c, d, e and 2 more')]);
  });

  it('are part of a plan in both modes only if they are wanted', () => {
    const files: Files = {
      '/usr/share/doc/app/copyright': { text: 'app' },
      ...dpkg(['app', '/usr/bin/app']),
    };
    const licence = `${PREFIX}/share/licenses/app/copyright`;
    const view = wrapRoot(at('root'), files);
    const targets = [
      planOf(view, ['/usr/bin/app'], { sbom: true }),
      planOf(view, ['/usr/bin/app']),
      wrapPlanOf(view, ['/usr/bin/app'], { request: { sbom: true } }),
      wrapPlanOf(view, ['/usr/bin/app']),
    ].map(plan => plan.files.map(({ target }) => target));
    expect(targets.map(paths => paths.includes(licence))).toEqual([true, false, true, false]);
  });
});
