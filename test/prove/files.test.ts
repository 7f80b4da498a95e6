import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { proveFiles } from '../../src/prove/files.ts';
import { type Edit, textEdit } from '../../src/relocate/edit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { buildTree } from '../../src/write/build-tree.ts';
import { listener, scratch } from '../io/scratch.ts';
import { base, LIB, planOf, program, refusal, rootAt } from '../plan/plan.ts';

const at = scratch();
const SECURITY = '/usr/local/app/lib/security';
const LIBPAM = '/usr/local/app/lib/libpam.so.0';
const HELPER = '/usr/bin/app-helper';

/** Builds a tree with an edited program, a library with a rewritten path, and a script with a new first line. */
async function built(change: (path: (target: string) => string) => void) {
  const root = rootAt(at('root'), {
    ...base,
    '/usr/bin/app': program({ needed: ['libpam.so.0', 'libc.so.6'] }),
    [`${LIB}/libpam.so.0`]: {
      soname: 'libpam.so.0',
      needed: ['libc.so.6'],
      data: `\0${LIB}/security\0rest\0`,
    },
    [`${LIB}/security/pam_unix.so`]: { needed: ['libc.so.6'] },
    '/usr/bin/perl': { elf: program(), mode: 0o755 },
    [HELPER]: { text: '#!/usr/bin/perl\nprint 42;\n', mode: 0o755 },
  });
  const plan = planOf(root, ['/usr/bin/app', HELPER]);
  fs.mkdirSync(at('tree'));
  await buildTree(plan, at('tree'), {
    replaces: undefined,
    progress: listener(),
  });
  change(target => at('tree') + target);
  return { plan, tree: directoryView(at('tree')) };
}

function replace(file: string, from: string, to: string): void {
  const text = fs.readFileSync(file, 'latin1');
  expect(text).toContain(from);
  fs.writeFileSync(file, text.replace(from, to), 'latin1');
}

describe('proveFiles', () => {
  it('accepts a tree as it was planned, and counts its edited files', async () => {
    const { plan, tree } = await built(() => undefined);
    expect(proveFiles(plan, tree)).toBeGreaterThanOrEqual(5);
    expect(plan.files.map(({ target }) => target)).toContain(`${SECURITY}/pam_unix.so`);
  });

  it.each<[string, string, string, string, string]>([
    ['a rewritten path that is not there', LIBPAM, '/lib/security', '/lib/segurity', 'are not as edited'],
    ['a byte beside it that changed', LIBPAM, 'rest', 'rust', 'bytes that no edit covers have changed'],
    [
      'an interpreter that is another one',
      '/usr/bin/app',
      '/usr/local/app/ld.so',
      '/usr/local/abb/ld.so',
      'interpreter',
    ],
    [
      'a first line that is another one',
      HELPER,
      'app/bin/perl',
      'abb/bin/perl',
      'its first line is not the planned one',
    ],
    [
      'a script that changed behind its first line',
      HELPER,
      '42',
      '43',
      'bytes that no edit covers have changed',
    ],
    ['a script that grew', HELPER, '42;', '42; ', 'its size changed'],
  ])('refuses %s', async (_, target, from, to, problem) => {
    const { plan, tree } = await built(path => replace(path(target), from, to));
    expect(refusal(() => proveFiles(plan, tree))).toMatchObject({ code: 'edit-broke-file' });
    expect(refusal(() => proveFiles(plan, tree)).message).toContain(problem);
  });
});

describe('the proof of a program that patchelf moved', () => {
  const [from, to] = [`${LIB}/security`, '/usr/local/app////////lib/security'];
  const recipe = (text: string) => program({ runpath: '/x', data: `\0${text}\0` });

  /** Returns a plan that replaces a text in a program beside an edit by patchelf, which tests do not run. */
  function planned() {
    const view = rootAt(at('source'), { ...base, '/usr/bin/app': recipe(from) });
    const offset = fs.readFileSync(at('source/usr/bin/app'), 'latin1').indexOf(from);
    const text = { ...textEdit(offset, from, to, 'leads to it'), isText: true } as const;
    const edits: Edit[] = [text, { kind: 'run-path', value: '/x', force: 'runpath' }];
    const content = { kind: 'copy', view, path: '/usr/bin/app', edits } as const;
    return { files: [{ target: '/usr/bin/app', role: 'entry', content, why: 'requested' }] } as const;
  }

  it('accepts a replaced text at its address', () => {
    expect(from).toHaveLength(to.length);
    const tree = rootAt(at('tree'), { ...base, '/usr/bin/app': recipe(to) });
    expect(proveFiles(planned(), tree)).toBe(1);
  });

  it.each(['left as it was', 'another one'])('refuses a text that is %s', what => {
    const text = what === 'another one' ? to.replace('app', 'abb') : from;
    const tree = rootAt(at('tree'), { ...base, '/usr/bin/app': recipe(text) });
    expect(refusal(() => proveFiles(planned(), tree)).message).toContain('is not as edited (leads to it)');
  });
});
