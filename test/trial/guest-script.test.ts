import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { guestFiles, readAnswer } from '../../src/trial/guest-script.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

describe('the files of a guest', () => {
  it('contain a script that the shell accepts, with the words of the command and its variables quoted', () => {
    const files = guestFiles({ environment: { GREETING: 'two words' }, command: ['echo', "it's"] });
    const script = files['/flix-trial/run']!;
    expect(script).toContain(String.raw`env -i 'GREETING=two words' echo 'it'\''s'`);
    fs.writeFileSync(at('run'), script);
    expect(execaSync('sh', ['-n', at('run')]).exitCode).toBe(0);
  });
});

describe('the answer of a guest', () => {
  const parts = {
    status: '7\n',
    merged:
      '[{"hierarchy":"/usr","extensions":["b","a"]},{"hierarchy":"/opt","extensions":["a"]}]\nnot JSON\n',
    failed: 'x.service loaded failed failed X\na.service loaded failed failed A\n',
    journal: 'a line\n',
    stdout: 'status 99\n',
    stderr: '',
  };
  const bytes = Buffer.concat(
    Object.entries(parts).map(([name, text]) => Buffer.from(`${name} ${Buffer.byteLength(text)}\n${text}`)),
  );

  it('has the status and output of the command, the merged extensions and the failed units, sorted', () => {
    expect(readAnswer(bytes)).toEqual({
      status: 7,
      merged: ['a', 'b'],
      failed: ['a.service', 'x.service'],
      journal: 'a line\n',
      stdout: Buffer.from('status 99\n'),
      stderr: Buffer.from(''),
    });
  });

  it('is refused until it is complete', () => {
    for (let length = 0; length < bytes.length; length++)
      expect([length, readAnswer(bytes.subarray(0, length))]).toEqual([length, undefined]);
  });
});
