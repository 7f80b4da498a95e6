import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { applyBytes } from '../../src/relocate/edit.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { has } from '../lab/requires.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, holds, LIB, planOf, program, rootAt } from './plan.ts';
import { edits, verdict } from './redirected.ts';

const at = scratch();
let roots = 0;
const rootOf = (files: Files) => rootAt(at(`root-${roots++}`), { ...base, ...files });

/** Returns what the function `directory` of a library returns after the edits of a plan. */
function directoryAfter({ files }: Plan, library: string): string {
  const content = files.find(file => file.target.endsWith('/libgio-2.0.so.0'))?.content;
  const bytes = fs.readFileSync(library);
  applyBytes(
    {
      read: (offset, length) => bytes.subarray(offset, offset + length),
      write: (offset, piece) => bytes.set(piece, offset),
    },
    content?.kind === 'copy' ? content.edits.filter(edit => edit.kind === 'bytes' && edit.isText) : [],
  );
  const edited = at('edited.so');
  fs.writeFileSync(edited, bytes);
  const main = 'const char *directory(void); int puts(const char *); int main(void) { puts(directory()); }';
  execaSync('gcc', ['-x', 'c', '-', '-x', 'none', edited, `-Wl,-rpath,${at('.')}`, '-o', at('main')], {
    input: main,
  });
  return execaSync(at('main'), { env: { LD_PRELOAD: edited } }).stdout;
}

const libc = (data: string): ElfRecipe => ({ soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'], data });
describe('RedirectEdits', () => {
  it('make a directory of modules unreachable that is not brought, or that the root does not have', () => {
    const root = rootOf({
      '/usr/bin/app': program({ needed: ['libsasl2.so.2', 'libgio-2.0.so.0', 'libc.so.6'] }),
      [`${LIB}/libsasl2.so.2`]: {
        soname: 'libsasl2.so.2',
        needed: ['libc.so.6'],
        data: `\0${LIB}/sasl2\0SASL_PATH\0`,
      },
      [`${LIB}/sasl2/libplain.so`]: { needed: ['libc.so.6'] },
      [`${LIB}/libgio-2.0.so.0`]: {
        soname: 'libgio-2.0.so.0',
        needed: ['libc.so.6'],
        data: `\0${LIB}/gio/modules\0`,
      },
    });
    const plan = planOf(root, ['/usr/bin/app']);
    expect(verdict(plan, `${LIB}/sasl2`)).toEqual(['open', undefined]);
    expect(edits(plan, '/usr/local/app/lib/libsasl2.so.2')).toEqual([
      `${LIB}/sasl2 → /dev/null/---------------------`,
      'SASL_PATH → =ASL_PATH',
    ]);
    expect(edits(plan, '/usr/local/app/lib/libgio-2.0.so.0')).toEqual([
      `${LIB}/gio/modules → /dev/null/---------------------------`,
    ]);
    const kept = planOf(root, ['/usr/bin/app'], { skip: path => path === `${LIB}/sasl2` });
    expect(edits(kept, '/usr/local/app/lib/libsasl2.so.2')).toEqual([]);
  });

  describe.runIf(has('tool:gcc'))(
    'of an object that copies a path from blocks of constants and a number in its code',
    () => {
      const gio = (more = '') => {
        const directory = fs.mkdtempSync(join(os.tmpdir(), 'flix-test-'));
        const library = join(directory, 'libgio.so');
        fs.writeFileSync(
          join(directory, 'gio.c'),
          `static char place[64], other[64];
const char variable[] = "GIO_MODULE_DIR";
const char *directory(void) { return __builtin_memcpy(place, "${LIB}/gio/modules", ${LIB.length + 13}); }
${more}\n`,
        );
        const options = ['-O2', '-msse2', '-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libgio-2.0.so.0'];
        execaSync('gcc', [...options, join(directory, 'gio.c'), '-o', library]);
        const view = rootOf({
          '/usr/bin/app': program({ needed: ['libgio-2.0.so.0', 'libc.so.6'] }),
          [`${LIB}/libgio-2.0.so.0`]: { text: '' },
          [`${LIB}/gio/modules/libproxy.so`]: { needed: ['libc.so.6'] },
        });
        const inRoot = view.source(`${LIB}/libgio-2.0.so.0`).hostPath!;
        fs.copyFileSync(library, inRoot);
        fs.rmSync(directory, { recursive: true });
        return { view, inRoot };
      };

      it('change the blocks so that the code makes the private path', () => {
        const { view, inRoot } = gio();
        const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
        expect(verdict(plan, `${LIB}/gio/modules`)).toEqual(['redirected', '/usr/local/app/lib/gio/modules']);
        expect(edits(plan, '/usr/local/app/lib/libgio-2.0.so.0')).toEqual([
          'GIO_MODULE_DIR → =IO_MODULE_DIR',
          `${LIB}/gio/mo → /usr/local/app////////lib/gio/mo`,
        ]);
        expect(directoryAfter(plan, inRoot)).toBe('/usr/local/app////////lib/gio/modules');
      });

      it('make a directory unreachable that is not brought', () => {
        const { view, inRoot } = gio();
        const made = directoryAfter(planOf(view, ['/usr/bin/app']), inRoot);
        expect(made).toMatch(/^\/dev\/null\/-+\/modules$/);
        expect(made).toHaveLength(`${LIB}/gio/modules`.length);
      });

      it('leave the blocks if another string of the object shares one', () => {
        const { view } = gio(
          `const char *more(void) { return __builtin_memcpy(other, "${LIB}/other/thing", ${LIB.length + 13}); }`,
        );
        const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
        expect(verdict(plan, `${LIB}/gio/modules`)?.[0]).toBe('open');
      });
    },
  );

  it('replace the first directory of a list', () => {
    const root = rootOf({
      '/usr/bin/app': program({
        needed: ['libglib-2.0.so.0', 'libc.so.6'],
        references: ['g_settings_new'],
      }),
      [`${LIB}/libglib-2.0.so.0`]: {
        soname: 'libglib-2.0.so.0',
        needed: ['libc.so.6'],
        data: '\0/usr/local/share/:/usr/share/\0',
      },
      '/usr/share/glib-2.0/schemas/gschemas.compiled': { text: '' },
    });
    const plan = planOf(root, ['/usr/bin/app'], { needs: 'recommended' });
    expect(verdict(plan, '/usr/share/glib-2.0/schemas')).toEqual([
      'redirected',
      '/usr/local/app/share/glib-2.0/schemas',
    ]);
    expect(edits(plan, '/usr/local/app/lib/libglib-2.0.so.0')).toEqual([
      expect.stringMatching(/→ \/usr\/\.[0-9a-f]{10}\/:\/usr\/share\/$/),
    ]);
    expect(holds(plan, '/usr/.')[0]).toMatch(/-> local\/app\/share$/);
    expect(holds(plan, '/usr/local/app/share')).toEqual([
      '/usr/local/app/share/glib-2.0/schemas/gschemas.compiled',
    ]);
  });

  it('close the variables that lead to other modules', () => {
    const root = rootOf({
      '/usr/bin/app': program({ references: ['iconv_open'] }),
      [`${LIB}/libc.so.6`]: libc(`\0GCONV_PATH\0${LIB}/gconv\0${LIB}/gconv/gconv-modules.cache\0`),
      [`${LIB}/gconv/X.so`]: { needed: ['libc.so.6'] },
    });
    const plan = planOf(root, ['/usr/bin/app'], { needs: 'recommended' });
    expect(verdict(plan, `${LIB}/gconv`)).toEqual(['redirected', '/usr/local/app/lib/gconv']);
    expect(edits(plan, '/usr/local/app/lib/libc.so.6')).toEqual([
      'GCONV_PATH → =CONV_PATH',
      `${LIB}/gconv → /usr/local/app////////lib/gconv`,
      `${LIB}/gconv → /usr/local/app////////lib/gconv`,
    ]);
  });

  it('write private paths into index files', () => {
    const cache = `${LIB}/gdk-pixbuf-2.0/2.10.0/loaders.cache`;
    const loader = `${LIB}/gdk-pixbuf-2.0/2.10.0/loaders/png.so`;
    const root = rootOf({
      '/usr/bin/app': program({ needed: ['libgdk_pixbuf-2.0.so.0', 'libc.so.6'] }),
      [`${LIB}/libgdk_pixbuf-2.0.so.0`]: {
        soname: 'libgdk_pixbuf-2.0.so.0',
        needed: ['libc.so.6'],
        data: `\0${LIB}\0gdk-pixbuf-2.0\0loaders.cache\0`,
      },
      [cache]: { text: `"${loader}"\n` },
      [loader]: { needed: ['libc.so.6'] },
    });
    const plan = planOf(root, ['/usr/bin/app'], { needs: 'recommended' });
    expect(edits(plan, '/usr/local/app/lib/libgdk_pixbuf-2.0.so.0')).toEqual([
      `${LIB} → /usr/local/app////////lib`,
    ]);
    expect(edits(plan, '/usr/local/app/lib/gdk-pixbuf-2.0/2.10.0/loaders.cache')).toEqual([
      `${LIB}/gdk-pixbuf-2.0 → /usr/local/app////////lib/gdk-pixbuf-2.0`,
    ]);
  });
});
