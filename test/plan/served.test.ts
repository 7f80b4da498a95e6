import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { base, completed, type Files, holds, planOf, PRIVATE, program, refusal, rootAt } from './plan.ts';

const at = scratch();
const library = { soname: 'libmine.so.1', needed: ['libc.so.6'] };
const tree: Files = {
  '/usr/lib/app/app.bin': program({ needed: ['libmine.so.1', 'libc.so.6'] }),
  '/usr/lib/app/libmine.so.1.0': library,
  '/usr/lib/app/libmine.so.1': { link: 'libmine.so.1.0' },
};
const both = (files: Files) => completed(rootAt(at('tree'), files, 'none'), rootAt(at('root'), base));

describe('a library that only LD_LIBRARY_PATH would find', () => {
  it('is served by the private directory if the tree has it, with a remark', () => {
    const plan = both(tree);
    expect(holds(plan, `${PRIVATE}/libmine`)).toEqual([
      `${PRIVATE}/libmine.so.1 -> ../../../lib/app/libmine.so.1.0`,
    ]);
    expect(plan.remarks.filter(({ code }) => code === 'library-served')).toEqual([
      expect.objectContaining({
        file: '/usr/lib/app/app.bin',
        message: expect.stringContaining('libmine.so.1'),
      }),
    ]);
  });

  it('is served if it comes with a directory of a whole root', () => {
    const plan = planOf(rootAt(at('root'), { ...base, ...tree }), ['/usr/lib/app']);
    expect(holds(plan, `${PRIVATE}/libmine`)).toHaveLength(1);
  });

  it('is missing if two files of the tree have the name, and the message shows the way out', () => {
    const { code, message } = refusal(() => both({ ...tree, '/usr/lib/other/libmine.so.1': library }));
    expect(code).toBe('missing-library');
    expect(message).toMatch(/libmine\.so\.1 exists, but .* add --library-path \/usr\/lib\/(?:app|other)$/m);
  });

  it('is copied from a directory that --library-path names', () => {
    const root = rootAt(at('root'), { ...base, ...tree });
    const { message } = refusal(() => planOf(root, ['/usr/lib/app/app.bin']));
    expect(message).toContain('add --library-path /usr/lib/app');
    const resolveOptions = { preloadFile: false, libraryPath: ['/usr/lib/app'] };
    const plan = planOf(root, ['/usr/lib/app/app.bin'], { resolveOptions });
    expect(holds(plan, `${PRIVATE}/libmine`)).toEqual([`${PRIVATE}/libmine.so.1`]);
  });

  it('does not take precedence over a library that the loader finds', () => {
    const plan = both({ ...tree, '/usr/lib/app/libc.so.6': { soname: 'libc.so.6' } });
    expect(holds(plan, `${PRIVATE}/libc.so`)).toEqual([`${PRIVATE}/libc.so.6`]);
  });
});
