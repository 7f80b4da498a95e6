import { dir } from 'tmp-promise';
import { expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { buildFixture } from './fixture.ts';
import { compare } from './compare.ts';
import type { TruthLine } from './truth.ts';

const line = (libs: readonly string[], more: Partial<TruthLine> = {}): TruthLine => ({
  file: '/prog',
  interp: null,
  libs: libs.map(path => [path, path]),
  missing: [],
  ...more,
});

it.each([
  ['nothing if both say the same', line(['/a', '/b']), line(['/a', '/b']), []],
  ['another library', line(['/a']), line(['/b']), ['set']],
  ['one library less', line(['/a', '/b']), line(['/a']), ['set']],
  ['the same file by another path', line(['/a']), line(['/link']), ['literal']],
  ['the order', line(['/a', '/b']), line(['/b', '/a']), ['order']],
  ['the missing libraries', line(['/a'], { missing: ['x'] }), line(['/a']), ['missing']],
  ['two respects', line(['/a'], { missing: ['x'] }), line(['/b']), ['set', 'missing']],
  ['whether the loader refuses the file', line([], { error: 'invalid ELF header' }), line([]), ['refused']],
  ['a file that flix does not list', line(['/a']), line(['/a'], { file: '/other' }), ['absent']],
])('reports a difference in %s', async (_, truth, ours, differences) => {
  const { path: root, cleanup } = await dir({ unsafeCleanup: true });
  buildFixture(root, {
    rule: '',
    source: '',
    files: { '/a': { text: 'a' }, '/b': { text: 'b' }, '/link': { link: 'a' } },
  });
  expect(compare(directoryView(root), [truth], [ours]).map(({ difference }) => difference)).toEqual(
    differences,
  );
  await cleanup();
});
