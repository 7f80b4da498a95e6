import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageNameAt, pickVersion, versionsDirectory } from '../../src/systemd/versions-directory.ts';
import { scratch } from '../io/scratch.ts';
import { runInOverlay } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();

/** A directory of versions, its entries, and the one that systemd 257 merges on an x86-64 machine. */
const cases: readonly (readonly [
  directory: string,
  entries: readonly string[],
  picked: string | undefined,
])[] = [
  ['tool.v', ['tool_1.0', 'tool_2.0'], 'tool_2.0'],
  ['tool.v', ['tool_2.0', 'tool_10'], 'tool_10'],
  ['tool.v', ['tool_1.0_x86-64', 'tool_2.0_arm64'], 'tool_1.0_x86-64'],
  ['tool.v', ['tool_1.0', 'tool_1.0_x86-64'], 'tool_1.0_x86-64'],
  ['tool.v', ['tool_1.0_x86'], 'tool_1.0_x86'],
  ['tool.v', ['tool_1.0_amd64'], 'tool_1.0_amd64'],
  ['tool.v', ['tool_2.0_arm64'], undefined],
  ['tool.v', ['tool_1_1', 'tool_1_2'], 'tool_1_2'],
  ['tool.v', ['tool_x86-64'], 'tool_x86-64'],
  ['tool.v', ['tool_arm64'], 'tool_arm64'],
  ['tool.v', ['tool_1.0', 'tool_2.0+0'], 'tool_1.0'],
  ['tool.v', ['tool_1.0', 'tool_2.0+0-3'], 'tool_1.0'],
  ['tool.v', ['tool_1.0', 'tool_2.0+1-3'], 'tool_2.0+1-3'],
  ['tool.v', ['tool_2.0+0'], 'tool_2.0+0'],
  ['tool.v', ['tool_1.0+3', 'tool_2.0+3-1'], 'tool_2.0+3-1'],
  ['tool.v', ['tool_1.0', 'tool_2^b'], 'tool_1.0'],
  ['tool.v', ['tool_1.0~rc1'], undefined],
  ['tool.v', ['tool'], undefined],
  ['tool.v', ['tool-1.0'], undefined],
  ['tool.v', ['tool_'], undefined],
  ['tool.v', ['other_1.0'], undefined],
  ['tool.v', ['tool_1.0.v'], 'tool_1.0.v'],
  ['tool.raw.v', ['tool_1.0'], undefined],
  ['tool.v.v', ['tool.v_1.0'], 'tool.v_1.0'],
  ['.v', ['_1.0'], undefined],
];

const NATIVE = ['x86-64', 'x86'];

describe('pickVersion', () => {
  it.each(cases)('picks from %s with %j: %s', (directory, entries, picked) => {
    const versions = versionsDirectory(directory);
    expect(versions && pickVersion(entries, versions, NATIVE)).toBe(
      // these entries are directories, and images are files
      directory.includes('.raw') ? undefined : picked,
    );
  });

  it('picks images by their suffix', () => {
    const images = versionsDirectory('app.raw.v')!;
    expect(pickVersion(['app_1.3.raw', 'app_1.4', 'app_1.2.raw'], images, NATIVE)).toBe('app_1.3.raw');
  });

  it('takes every architecture if the machine is unknown', () => {
    expect(pickVersion(['tool_1_x86-64', 'tool_2_arm64'], versionsDirectory('tool.v')!, undefined)).toBe(
      'tool_2_arm64',
    );
  });

  it.runIf(has('root', 'chroot', 'mountNamespace', 'archive') && process.arch === 'x64')(
    'picks what systemd 257 picks',
    { timeout: 120_000 },
    async () => {
      const [shared, work] = [at('shared'), at('work')];
      for (const place of [shared, work]) fs.mkdirSync(place, { recursive: true });
      const questions = cases.map(
        ([directory, entries]) => `
rm -rf /var/lib/extensions; mkdir -p '/var/lib/extensions/${directory}'
for entry in ${entries.map(entry => `'${entry}'`).join(' ')}; do
  tree="/var/lib/extensions/${directory}/$entry"
  mkdir -p "$tree/usr/lib/extension-release.d" "$tree/usr/share/marks"
  for name in tool tool.v '' tool.raw; do echo ID=_any >"$tree/usr/lib/extension-release.d/extension-release.$name"; done
  echo >"$tree/usr/share/marks/$entry"
done
systemd-sysext merge >&2 || :
echo "$(ls /usr/share/marks 2>/dev/null)"
systemd-sysext unmerge >&2 || :`,
      );
      const place = { root: await labRoot('host-trixie'), work, shared };
      const { stdout, stderr } = await runInOverlay(place, ['sh', '-c', questions.join('\n')]);
      expect(stdout.split('\n'), stderr).toEqual(cases.map(([, , picked]) => picked ?? ''));
    },
  );
});

describe('imageNameAt', () => {
  it.each([
    ['/var/lib/extensions/app.raw', 'app'],
    ['/var/lib/extensions/app.raw.v/app_1.3_x86-64.raw', 'app'],
    ['/var/lib/extensions/app.raw.v/app_1.3.raw', 'app'],
    ['/var/lib/extensions/app.raw.v/other.raw', 'other'],
    ['/src/app.v/other.raw', 'other'],
  ])('%s is %s', (place, name) => {
    expect(imageNameAt(place)).toBe(name);
  });
});
