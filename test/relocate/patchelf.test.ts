import { describe, expect, it } from 'vitest';
import { ET_EXEC } from '../../src/elf/constants.ts';
import type { ElfFacts } from '../../src/elf/facts.ts';
import { type Edit, textEdit } from '../../src/relocate/edit.ts';
import { knownBadPatchelf, patchelfCalls } from '../../src/relocate/patchelf.ts';
import { facts } from './elf.ts';

const interpreter: Edit = { kind: 'interpreter', path: '/usr/local/a/ld.so' };
const noDefaultLib: Edit = { kind: 'no-default-lib' };
const rpath: Edit = { kind: 'run-path', value: '/usr/local/a/lib', force: 'rpath' };
const runpath: Edit = { kind: 'run-path', value: '$ORIGIN', force: 'runpath' };
const remove: Edit = { kind: 'run-path', value: undefined, force: 'rpath' };
const bytes = textEdit(0, 'a', 'b', 'x');

describe('patchelfCalls', () => {
  const all = [interpreter, noDefaultLib, rpath, bytes];

  it.each(['0.14.3', '0.17.2', 'unknown'])('makes one call per option with %s', version => {
    expect(patchelfCalls(all, version)).toEqual([
      ['--set-interpreter', '/usr/local/a/ld.so'],
      ['--no-default-lib'],
      ['--force-rpath', '--set-rpath', '/usr/local/a/lib'],
    ]);
  });

  it.each(['0.18.0', '0.19.0', '1.0'])('makes a single call with %s', version => {
    expect(patchelfCalls(all, version)).toEqual([
      [
        '--set-interpreter',
        '/usr/local/a/ld.so',
        '--no-default-lib',
        '--force-rpath',
        '--set-rpath',
        '/usr/local/a/lib',
      ],
    ]);
  });

  it.each<[Edit[], string[][]]>([
    [[], []],
    [[bytes], []],
    [[remove], [['--remove-rpath']]],
    [[runpath], [['--set-rpath', '$ORIGIN']]],
  ])('turns %j into calls', (edits, calls) => {
    expect(patchelfCalls(edits, '0.18.0')).toEqual(calls);
  });
});

describe('knownBadPatchelf', () => {
  const pie = facts();
  const exec = facts({ header: { type: ET_EXEC } });
  const usual = { trailing: 0, internalGo: false };

  it.each<[string, string, ElfFacts, Edit[], typeof usual, RegExp | undefined]>([
    ['ET_EXEC with a run path', '0.18.0', exec, [rpath], usual, /fixed addresses/],
    ['ET_EXEC with NODEFLIB', '0.19.0', exec, [noDefaultLib], usual, /fixed addresses/],
    ['ET_EXEC with a run path, in an earlier version', '0.14.3', exec, [rpath], usual, undefined],
    ['ET_EXEC without its run path', '0.18.0', exec, [remove], usual, undefined],
    ['PIE with a run path', '0.18.0', pie, [rpath], usual, undefined],
    ['Go with a run path', '0.14.3', exec, [rpath], { trailing: 0, internalGo: true }, /Go/],
    ['Go with an interpreter', '0.18.0', exec, [interpreter], { trailing: 0, internalGo: true }, undefined],
    [
      'a self-extracting program',
      '0.18.0',
      pie,
      [remove],
      { trailing: 9, internalGo: false },
      /self-extracting/,
    ],
    [
      'a self-extracting program, in place',
      '0.18.0',
      pie,
      [bytes],
      { trailing: 9, internalGo: false },
      undefined,
    ],
  ])('%s (%s)', (_name, version, file, edits, traits, reason) => {
    const found = knownBadPatchelf(version, file, edits, traits);
    if (reason) expect(found).toMatch(reason);
    else expect(found).toBeUndefined();
  });
});
