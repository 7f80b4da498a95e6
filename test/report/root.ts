import fs from 'node:fs';
import { dirSync } from 'tmp-promise';
import { afterAll } from 'vitest';
import type { Closure } from '../../src/resolve/closure.ts';
import type { ResolveOptions } from '../../src/resolve/options.ts';
import { resolver } from '../../src/resolve/resolve.ts';
import { directoryView } from '../../src/view/directory.ts';
import { buildFixture, type FileRecipe } from '../lab/fixture.ts';
import { placeLoader } from '../lab/loaders.ts';

export const LOADER = '/lib64/ld-linux-x86-64.so.2';
export const LIB = '/lib/x86_64-linux-gnu';
const debian = 'ID=debian\nVERSION_ID=12\n';

/** A program whose name would break a line, a quoted string, a Mermaid label and a terminal. */
export const nasty = '/usr/bin/a "b" #c; [d]\\n\u001b[31m`e`\n<f>';

/** A small distribution: programs that share libraries, a link, a script, and each way in which a program can fail. */
export const files: Readonly<Record<string, FileRecipe>> = {
  '/etc/os-release': { text: debian },
  [`${LIB}/libc.so.6`]: { soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'], verdef: ['GLIBC_2.36'] },
  [`${LIB}/libm.so.6`]: { soname: 'libm.so.6', needed: ['libc.so.6'] },
  [`${LIB}/libz.so.1.2`]: { soname: 'libz.so.1', needed: ['libc.so.6'], trailing: 'z'.repeat(5000) },
  [`${LIB}/libz.so.1`]: { link: 'libz.so.1.2' },
  [`${LIB}/libpng.so.16`]: { soname: 'libpng.so.16', needed: ['libz.so.1', 'libm.so.6', 'libc.so.6'] },
  '/usr/lib/app/libapp.so': { needed: ['libpng.so.16', 'libc.so.6'] },
  '/usr/bin/app-1': {
    interp: LOADER,
    needed: ['libapp.so', 'libm.so.6', 'libc.so.6'],
    runpath: '$ORIGIN/../lib/app',
  },
  '/usr/bin/app': { link: 'app-1' },
  '/usr/bin/viewer': { interp: LOADER, needed: ['libpng.so.16', 'libc.so.6'] },
  '/usr/bin/absolute': { interp: LOADER, needed: [`${LIB}/libm.so.6`, { auxiliary: 'libfast.so' }] },
  '/usr/bin/broken': {
    interp: LOADER,
    needed: ['libgone.so.1', 'libuser.so', 'libc.so.6'],
    rpath: '$ORIGIN/../lib/broken',
  },
  '/usr/lib/broken/libuser.so': { needed: ['libgone.so.1', 'libc.so.6'] },
  '/usr/bin/new': { interp: LOADER, needed: ['libc.so.6'], verneed: { 'libc.so.6': ['GLIBC_2.99'] } },
  '/usr/bin/textual': { interp: LOADER, needed: ['libtext.so'] },
  '/lib/libtext.so': { text: '/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n' },
  '/usr/bin/static': { type: 'exec' },
  '/usr/bin/script': { text: '#!/bin/sh -e\necho\n' },
  '/usr/bin/env-script': { text: '#!/usr/bin/env -S app --flag\n' },
  '/usr/bin/empty': { text: '' },
  [nasty]: { interp: LOADER, needed: ['lib"q" [#].so\n', 'libc.so.6'] },
};

const made: (() => void)[] = [];
afterAll(() => made.splice(0).forEach(remove => remove()));

/** Builds a root, which is removed at the end of the test file. */
export function root(
  recipe: Readonly<Record<string, FileRecipe>>,
  loader: 'glibc' | 'none' = 'glibc',
): string {
  const { name, removeCallback } = dirSync({ prefix: 'flix-report-', unsafeCleanup: true });
  made.push(removeCallback);
  buildFixture(name, { rule: '', source: '', files: recipe });
  placeLoader(name, loader);
  return fs.realpathSync(name);
}

/** Resolves one path of the small distribution, or of another root. */
export function closureOf(path: string, directory: string, options: ResolveOptions = {}): Closure {
  return resolver([directoryView(directory)], options)(path);
}
