import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inPrivateDirectory } from '../../src/io/private-directory.ts';
import { scratch } from './scratch.ts';

const at = scratch();
let before: string | undefined;
beforeEach(() => {
  before = process.env['TMPDIR'];
  process.env['TMPDIR'] = at();
});
afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
});

it('is for its owner alone and removed in any case', async () => {
  await inPrivateDirectory(async directory => {
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
    fs.writeFileSync(path.join(directory, 'file'), '');
  });
  await expect(inPrivateDirectory(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(fs.readdirSync(at())).toEqual([]);
});

it('names TMPDIR if it does not exist', async () => {
  process.env['TMPDIR'] = at('absent');
  await expect(inPrivateDirectory(() => Promise.resolve())).rejects.toMatchObject({
    kind: 'io',
    message: expect.stringContaining(at('absent')),
  });
});

it('removes what ended processes left, and nothing of running ones or of other namespaces', async () => {
  const [mine] = await inPrivateDirectory(() => Promise.resolve(fs.readdirSync(at())));
  const ended = execa('true');
  await ended;
  const left = (name: string) => fs.mkdirSync(at(name));
  const of = (pid: number) => mine!.replace(`-${process.pid}-`, `-${pid}-`);
  left(of(ended.pid!)); // ended
  left(`${mine}x`); // of this process
  left(of(ended.pid!).replace(/^flix-[^-]+/, 'flix-00000000')); // another machine
  left('flix-something');
  await inPrivateDirectory(() => Promise.resolve());
  const kept = fs.readdirSync(at()).map(name => (name.startsWith('flix-00000000') ? 'elsewhere' : name));
  expect(new Set(kept)).toEqual(new Set(['flix-something', 'elsewhere', `${mine}x`]));
});
