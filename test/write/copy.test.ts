import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { copyFile } from '../../src/write/copy.ts';
import { type Edit, textEdit } from '../../src/relocate/edit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();
const MB = 1024 * 1024;

function copy(content: Buffer | string, edits: readonly Edit[] = [], mode = 0o644) {
  fs.mkdirSync(at('root'));
  fs.writeFileSync(at('root/file'), content);
  fs.chmodSync(at('root/file'), mode);
  fs.utimesSync(at('root/file'), 1e9, 1e9);
  const before = copyFile(directoryView(at('root')), '/file', at('copy'), edits);
  return { before, stat: fs.statSync(at('copy')), content: () => fs.readFileSync(at('copy')) };
}

const edit = textEdit(4, 'two', 'TWO', 'test');

describe('copyFile', () => {
  it('copies all bytes if there is no edit', () => {
    const plain = copy('one two');
    expect(plain.content().toString()).toBe('one two');
    expect(plain.before).toBeUndefined();
  });

  it('applies an edit and returns the hash of the source', () => {
    const edited = copy('one two', [edit]);
    expect(edited.content().toString()).toBe('one TWO');
    expect(edited.before).toBe(createHash('sha256').update('one two').digest('hex'));
    expect(fs.readFileSync(at('root/file'), 'utf8')).toBe('one two');
  });

  it.each([[], [edit]])('keeps the time and the mode, without setuid and setgid (edits: %j)', (...edits) => {
    const { stat } = copy('one two', edits, 0o6755);
    expect(stat.mode & 0o7777).toBe(0o755);
    expect(stat.mtimeMs).toBe(1e12);
  });

  it('copies a file larger than its buffer, with edits across its chunks', () => {
    const content = Buffer.alloc(33 * MB, 'x');
    const offsets = [0, 16 * MB - 1, 33 * MB - 2];
    const { content: written } = copy(
      content,
      offsets.map(offset => textEdit(offset, 'xx', 'yz', 'test')),
    );
    for (const offset of offsets) content.write('yz', offset);
    expect(written().equals(content)).toBe(true);
  });

  it('refuses a file that is not what the edit was planned for', () => {
    expect(() => copy('one 2', [edit])).toThrow(expect.objectContaining({ code: 'edit-mismatch' }));
  });

  it('refuses to replace an existing file', () => {
    fs.writeFileSync(at('copy'), 'mine');
    expect(() => copy('one two', [edit])).toThrow(/EEXIST/);
    expect(fs.readFileSync(at('copy'), 'utf8')).toBe('mine');
  });
});
