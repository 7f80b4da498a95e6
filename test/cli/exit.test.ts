import fs from 'node:fs';
import { expect, it } from 'vitest';
import { explainFailure } from '../../src/cli/exit.ts';
import { ReadFailure } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

function failureOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

it('reports a file that changed between two looks at it, and shows no stack', () => {
  fs.writeFileSync(at('file'), '');
  for (const failure of [
    failureOf(() => fs.readlinkSync(at('file'))), // no longer a link
    failureOf(() => fs.readdirSync(at('file'))), // no longer a directory
    failureOf(() => fs.lstatSync(at('file-gone'))),
    new ReadFailure('special', at('file')),
  ]) {
    const { status, text } = explainFailure(failure);
    expect(status).toBe(5);
    expect(text).toContain(`flix: ${at('file')}`);
    expect(text).toContain('changed while it was read');
  }
});

it('shows the stack of anything else', () => {
  expect(explainFailure(new TypeError('x is undefined'))).toMatchObject({
    status: 70,
    text: expect.stringContaining('TypeError: x is undefined'),
  });
});
