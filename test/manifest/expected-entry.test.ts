import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { differenceFrom } from '../../src/manifest/expected-entry.ts';
import { scratch } from '../io/scratch.ts';
import { sha256 } from '../lab/snapshot.ts';

const at = scratch();
const OTHER = 'ab'.repeat(32);

beforeEach(() => {
  fs.mkdirSync(at('root/directory'), { recursive: true });
  fs.writeFileSync(at('root/file'), 'content');
  fs.symlinkSync('file', at('root/link'));
});

const differenceOf = (path: string, expected: { link?: string; sha256?: string }) =>
  differenceFrom(directoryView(at('root')), { path, link: undefined, sha256: undefined, ...expected });

describe('differenceFrom', () => {
  it('accepts the right link, the right content, and a file without a recorded hash', () => {
    expect(differenceOf('/link', { link: 'file' })).toBeUndefined();
    expect(differenceOf('/file', { sha256: sha256(at('root/file')) })).toBeUndefined();
    expect(differenceOf('/file', {})).toBeUndefined();
  });

  it('describes every difference', () => {
    expect(differenceOf('/nowhere', {})).toBe('is missing');
    expect(differenceOf('/file', { link: 'other' })).toBe('should be a link to other');
    expect(differenceOf('/link', { link: 'other' })).toBe('points to file instead of other');
    expect(differenceOf('/directory', { sha256: OTHER })).toBe('should be a file');
    expect(differenceOf('/link', { sha256: OTHER })).toBe('should be a file');
    const found = sha256(at('root/file'));
    expect(differenceOf('/file', { sha256: OTHER })).toBe(
      `was changed: its SHA-256 is ${found}, not ${OTHER}`,
    );
  });
});
