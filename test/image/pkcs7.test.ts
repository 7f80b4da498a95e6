import { createPrivateKey, sign as signBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSignature } from '../../src/image/pkcs7.ts';
import { has } from '../lab/requires.ts';
import { makeKey, sign } from './ddi.ts';

describe.runIf(has('tool:openssl'))('readSignature', () => {
  let directory = '';
  let pair: ReturnType<typeof makeKey>;

  beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-test-'));
    pair = makeKey(path.join(directory, 'key'));
  });
  afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

  /** Returns a content whose signature, the end of the DER, ends with this byte. */
  function contentSignedWithLast(byte: number): string {
    const key = createPrivateKey(fs.readFileSync(pair.key));
    for (let i = 0; ; i++) {
      const content = i.toString(16).padStart(64, '0');
      if (signBytes('sha256', Buffer.from(content), key).at(-1) === byte) return content;
    }
  }

  it.each([0x00, 0x0a, 0x0d, 0xff])('reads a signature whose last byte is %i', byte => {
    const content = contentSignedWithLast(byte);
    const der = Buffer.from(sign(content, pair.key, pair.certificate).signature!, 'base64');
    expect(der.at(-1)).toBe(byte);
    expect(readSignature(der)?.signs(Buffer.from(content))).toBe(true);
  });
});
