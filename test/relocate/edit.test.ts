import { describe, expect, it } from 'vitest';
import { type Edit, textEdit, withFirstLine } from '../../src/relocate/edit.ts';
import { edited } from './elf.ts';

describe('applyBytes', () => {
  const content = Buffer.from('one two three');

  it('replaces bytes', () => {
    const changed = edited(content, [
      textEdit(0, 'one', 'ONE', 'first'),
      textEdit(4, 'two', 't\0\0', 'second'),
    ]);
    expect(Buffer.from(changed).toString()).toBe('ONE t\0\0 three');
    expect(content.toString()).toBe('one two three');
  });

  it('leaves edits of other kinds to patchelf', () => {
    const edits: Edit[] = [
      { kind: 'no-default-lib' },
      { kind: 'run-path', value: undefined, force: 'rpath' },
    ];
    expect(edited(content, edits)).toEqual(Uint8Array.from(content));
  });

  it.each<[name: string, edits: Edit[]]>([
    ['the file has other bytes there', [textEdit(4, 'TWO', 'two', 'x')]],
    ['the file is too short', [textEdit(12, 'eee', 'EEE', 'x')]],
    ['two edits of one place contradict', [textEdit(0, 'one', 'ONE', 'x'), textEdit(1, 'ne', 'xx', 'y')]],
  ])('throws if %s', (_name, edits) => {
    expect(() => edited(content, edits)).toThrow(expect.objectContaining({ code: 'edit-mismatch' }));
  });

  it('never changes the length', () => {
    expect(() => edited(content, [textEdit(0, 'one', 'four', 'x')])).toThrow('3 bytes writes 4');
  });
});

describe('withFirstLine', () => {
  const edits: Edit[] = [{ kind: 'first-line', before: '#!/bin/a', after: '#!/usr/local/x/a' }];

  it('replaces the line and keeps the rest, byte for byte', () => {
    const rest = Buffer.from([0x0a, 0xff, 0x00, 0x0a]);
    const script = Buffer.concat([Buffer.from('#!/bin/a'), rest]);
    expect(withFirstLine(script, edits)).toEqual(Buffer.concat([Buffer.from('#!/usr/local/x/a'), rest]));
  });

  it('refuses a file that begins differently', () => {
    expect(() => withFirstLine(Buffer.from('#!/bin/b\n'), edits)).toThrow('the first line is not #!/bin/a');
  });

  it('leaves files without such an edit alone', () => {
    const bytes = Buffer.from('x');
    expect(withFirstLine(bytes, [])).toBe(bytes);
  });
});
