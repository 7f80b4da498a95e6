import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stagedText } from '../../src/report/staged.ts';
import { style } from '../../src/report/style.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

const staged = {
  record: { schema: 'flix.stage/1', source: 'tar:x', digest: 'sha256:0', facts: {} },
  leftOut: { special: [], setId: [], capabilities: [] },
  layers: 1,
  size: 0,
} as unknown as Parameters<typeof stagedText>[1];

describe('the summary of a staged root', () => {
  it.each([
    ['ID=x\nVERSION_ID=1\nPRETTY_NAME="X One"\n', 'X One'],
    ['ID=x\nVERSION_ID=1\n', 'x 1'],
    ['ID=x\n', 'x'],
    ['NAME=X\n', 'unnamed: the os-release has no ID='],
    [undefined, 'none: the root has no os-release'],
  ])('names the release of an os-release with %j', (text, name) => {
    fs.mkdirSync(at('etc'), { recursive: true });
    if (text !== undefined) fs.writeFileSync(at('etc/os-release'), text);
    expect(stagedText(at(), staged, style(false))).toMatch(new RegExp(`^  release +${name}$`, 'm'));
  });
});
