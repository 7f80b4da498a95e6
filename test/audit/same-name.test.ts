import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { updateGate } from '../../src/audit/gate.ts';
import { withPolicy } from '../../src/audit/policy.ts';
import { baselineText, parseBaseline } from '../../src/report/baseline.ts';
import { sarif } from '../../src/report/sarif.ts';
import { pages } from '../../src/audit/checks.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { View } from '../../src/view/view.ts';
import {
  briefOf,
  extension,
  type Files,
  host,
  LIB,
  library,
  program,
  removeRoots,
  root,
  treeView,
} from './world.ts';

afterAll(removeRoots);

const confext = (files: Files, release = 'ID=_any\n'): Files => ({
  '/etc/extension-release.d/extension-release.app': { text: release },
  ...files,
});
const tree = (files: Files) => ({ name: 'app', view: treeView(root('app', files), 'app') });
const hostView = (files: Files = {}): View =>
  directoryView(root('host', host(undefined, files)), { label: 'host' });

describe('a system extension and a configuration extension of one name', () => {
  it('are two providers: a file of one comes from outside the other', () => {
    const system = tree(
      extension('app', { '/usr/bin/run': { text: '#!/etc/app/interpreter\n', mode: 0o755 } }),
    );
    const configuration = tree(confext({ '/etc/app/interpreter': { text: 'code', mode: 0o755 } }));
    const { findings } = audit([system, configuration], [hostView()]);
    expect(briefOf(findings, 'leaks/script-interpreter')).toEqual([
      'warning leaks/script-interpreter /etc/app/interpreter',
    ]);
  });

  it('have different findings, even where kind, file and culprit are the same', () => {
    const unmerged = 'ID=other\n';
    const both = [tree(extension('app', {}, unmerged)), tree(confext({}, unmerged))];
    const [system, configuration] = both.map(one => audit([one], [hostView()]));
    const found = system!.findings.find(({ kind }) => kind === 'metadata/silently-ignored')!;
    const other = { ...configuration!.findings[0]!, subject: found.subject, culprit: found.culprit };
    const text = baselineText([found]);
    const policy = { allow: [], file: 'flix.json', baseline: parseBaseline(text, 'baseline.json') };
    const accepted = withPolicy(
      { extensions: [], hosts: [], findings: [found, other] },
      policy,
      '2026-01-01',
    );
    expect(accepted.findings.map(({ extensionType, severity }) => [extensionType, severity])).toEqual([
      ['confext', 'error'],
      ['sysext', 'info'],
    ]);
    const { results } = sarif(accepted, pages, '0').runs[0]!;
    expect(
      new Set(results.map(({ partialFingerprints }) => Object.values(partialFingerprints)[0])).size,
    ).toBe(2);
    expect(
      results.every(({ partialFingerprints }) => JSON.stringify(partialFingerprints).includes(':1')),
    ).toBe(true);
  });

  it('are updated separately: a new version replaces only the extension of its type', async () => {
    const needing = (soname: string) =>
      tree(extension('app', { '/usr/bin/app': program({ needed: ['libc.so.6', soname] }) }, 'ID=debian\n'));
    const configuration = tree(confext({ '/etc/app.conf': { text: '' } }));
    const libraries = (version: string) =>
      hostView({ [`${LIB}/libz.so.${version}`]: library(`libz.so.${version}`) });
    const audited: string[] = [];
    const gate = await updateGate([needing('libz.so.1'), configuration], libraries('1'), libraries('2'), {
      auditOver: (trees, view) => {
        const result = audit(trees, [view]);
        audited.push(result.extensions.map(({ type }) => type).join(' '));
        return result;
      },
      failOn: 'error',
      versionsOf: () => [
        {
          version: '2',
          open: async use => {
            use(needing('libz.so.2'));
          },
        },
      ],
    });
    expect(
      gate.answers.map(({ extension: name, extensionType, fits }) => [name, extensionType, fits]),
    ).toEqual([['app', 'sysext', '2']]);
    expect(audited).toEqual(['sysext confext', 'sysext confext', 'sysext confext']);
  });
});
