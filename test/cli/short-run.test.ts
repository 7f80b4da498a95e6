import { expect, test } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix, makeRoot, small } from './flix.ts';

const at = scratch();

// V8 complains of a flag that it does not know on the error stream, with no word to the caller.
test('expectShortRun uses only flags that V8 knows', async () => {
  makeRoot(at('root'), small, 'none');
  const { stdout, stderr, status } = await flix(['tree', '--all', '--root', at('root')]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toContain('/usr/bin/app: ');
});
