import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { copyRange, fileDigest } from '../../src/io/file-bytes.ts';
import { readFileBytes, readOptionalText } from '../../src/io/read-text.ts';
import { scratch } from './scratch.ts';

const at = scratch();
const refusal = { kind: 'input', code: 'not-a-regular-file' };

describe('a FIFO or device in the place of a file', () => {
  it.each(['fifo', '/dev/zero', 'directory'])('is refused at once: %s', async name => {
    execaSync('mkfifo', [at('fifo')]);
    fs.mkdirSync(at('directory'));
    const file = name.startsWith('/') ? name : at(name);
    expect(() => readFileBytes(file)).toThrow(expect.objectContaining(refusal));
    expect(() => readOptionalText(file)).toThrow(expect.objectContaining(refusal));
    await expect(fileDigest(file)).rejects.toMatchObject(refusal);
    await expect(copyRange(file, { offset: 0, length: 1 }, at('copy'))).rejects.toMatchObject(refusal);
  });
});

describe('a file that is read as a whole', () => {
  it('may be absent where it is optional, but not larger than 256 MiB', () => {
    expect(readOptionalText(at('absent'))).toBeUndefined();
    fs.writeFileSync(at('sparse'), '');
    fs.truncateSync(at('sparse'), 2 ** 40);
    expect(() => readFileBytes(at('sparse'))).toThrow(expect.objectContaining({ code: 'file-too-large' }));
  });
});
