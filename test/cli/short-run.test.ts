import { expect, test } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix, makeRoot, small } from './flix.ts';

const at = scratch();

// V8 reports an unknown flag on standard error only, so this needs a process of its own.
test('expectShortRun uses only flags that V8 knows', async () => {
  makeRoot(at('root'), small, 'none');
  const { stdout, stderr, status } = await flix(['tree', '--all', '--root', at('root')]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toContain('/usr/bin/app: ');
});
