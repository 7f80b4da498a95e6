import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { resolver } from '../../src/resolve/resolve.ts';
import { undefinedSymbols } from '../../src/resolve/symbol-check.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

const LIBRARY = 'int value = 1; int call(void) { return 1; }';
/** Refers to `value` with R_*_COPY: the program then defines it, too, and copies what a library defines. */
const PROGRAM = 'extern int value; int call(void); int main(void) { return value != call(); }';

describe.runIf(has('tool:gcc'))('a copy relocation', () => {
  it.each([
    [LIBRARY, []],
    ['int call(void) { return 1; }', ['value']],
    ['int value = 1;', ['call']],
  ])('needs a definition in another object than its own: %s', (library, lacking) => {
    const gcc = (source: string, ...options: string[]) =>
      execaSync('gcc', ['-xc', '-', ...options], { input: source, cwd: at() });
    gcc(LIBRARY, '-shared', '-fPIC', '-Wl,-soname,libx.so', '-o', 'libx.so');
    gcc(PROGRAM, '-no-pie', '-fno-pic', '-L.', '-l:libx.so', `-Wl,-rpath,${at()}`, '-o', 'app');
    expect(execaSync('readelf', ['-rW', at('app')]).stdout).toMatch(/R_\w+_COPY .* value/);
    gcc(library, '-shared', '-fPIC', '-o', 'libx.so');
    const closure = resolver([directoryView('/')])(fs.realpathSync(at('app')));
    expect(undefinedSymbols(closure).map(({ reference }) => reference.name)).toEqual(lacking);
    // “ldd -r” has the loader bind everything
    const said = execaSync('ldd', ['-r', at('app')], { reject: false, all: true }).all;
    expect([...said.matchAll(/undefined symbol: (\w+)/g)].map(([, name]) => name)).toEqual(lacking);
  });
});
