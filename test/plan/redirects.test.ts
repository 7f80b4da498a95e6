import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import type { PackagePlan } from '../../src/plan/packages/package-plan.ts';
import { layeredView } from '../../src/view/layers.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { applyBytes } from '../../src/relocate/edit.ts';
import { has } from '../lab/requires.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, holds, LIB, planOf, program, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const rootOf = (files: Files) => rootAt(at(`root-${roots++}`), { ...base, ...files });

type Made = ReturnType<typeof planOf>;

/** `before → after` of each replaced text in a file of the tree. */
function edits({ files }: Made, target: string): string[] {
  const content = files.find(file => file.target === target)?.content;
  if (content?.kind !== 'copy') throw new Error(`${target} is no copy`);
  return content.edits.flatMap(edit =>
    edit.kind === 'bytes' && edit.isText
      ? [`${Buffer.from(edit.before).toString()} → ${Buffer.from(edit.after).toString()}`]
      : [],
  );
}

/** What the function `directory` of a library returns after the edits of a plan. */
function directoryAfter({ files }: Made, library: string): string {
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

const verdict = ({ needs }: Made, what: string) => {
  const need = needs.find(known => known.what === what && known.owner === 'host');
  return need && [need.verdict, need.place ?? need.because];
};

const libc = (data: string): ElfRecipe => ({ soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'], data });
const pam: Files = {
  '/usr/bin/app': program({ needed: ['libpam.so.0', 'libc.so.6'] }),
  [`${LIB}/libpam.so.0`]: {
    soname: 'libpam.so.0',
    needed: ['libc.so.6'],
    data: '\0/lib/x86_64-linux-gnu/security/\0/lib/security\0',
  },
  [`${LIB}/security/pam_unix.so`]: { needed: ['libcrypt.so.1', 'libc.so.6'] },
  [`${LIB}/libcrypt.so.1`]: { soname: 'libcrypt.so.1', needed: ['libc.so.6'] },
};

describe('a directory that hosts have, too', () => {
  it('is brought to a private place, to which the objects that contain its path lead', () => {
    const plan = planOf(rootOf(pam), ['/usr/bin/app']);
    expect(verdict(plan, `${LIB}/security`)).toEqual(['redirected', '/usr/local/app/lib/security']);
    expect(holds(plan, LIB)).toEqual([]);
    expect(holds(plan, '/usr/local/app/lib/security')).toEqual(['/usr/local/app/lib/security/pam_unix.so']);
    expect(edits(plan, '/usr/local/app/lib/libpam.so.0')).toEqual([
      '/lib/x86_64-linux-gnu/security → /usr/local/app////lib/security',
      '/lib/security → /dev/null/---',
    ]);
  });

  it('has modules like any other object of the tree: their libraries and closures are there', () => {
    const plan = planOf(rootOf(pam), ['/usr/bin/app']);
    expect(holds(plan, '/usr/local/app/lib')).toContain('/usr/local/app/lib/libcrypt.so.1');
    expect(plan.expected.find(({ object }) => object.endsWith('/pam_unix.so'))?.loads).toContain(
      '/usr/local/app/lib/libcrypt.so.1',
    );
  });

  it('is reached through a link with a short name if its path is too short for the private one', () => {
    const name = 'an-extension-with-a-long-name';
    const plan = planOf(rootOf(pam), ['/usr/bin/app'], { name, prefix: `/usr/local/${name}` });
    const [edit] = edits(plan, `/usr/local/${name}/lib/libpam.so.0`);
    const link = /→ (\/usr)\/+(\.[0-9a-f]{12})$/.exec(edit!)!;
    expect(holds(plan, '/usr/.')).toEqual([`${link[1]}/${link[2]} -> local/${name}/lib/security`]);
  });

  it('is led to nothing if it has modules that are not brought, or if the root does not have it', () => {
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
    'that an object copies from blocks of constants and a number in its code',
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

      it('is brought to a private place, whose path the code then makes', () => {
        const { view, inRoot } = gio();
        const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
        expect(verdict(plan, `${LIB}/gio/modules`)).toEqual(['redirected', '/usr/local/app/lib/gio/modules']);
        expect(edits(plan, '/usr/local/app/lib/libgio-2.0.so.0')).toEqual([
          'GIO_MODULE_DIR → =IO_MODULE_DIR',
          `${LIB}/gio/mo → /usr/local/app////////lib/gio/mo`,
        ]);
        expect(directoryAfter(plan, inRoot)).toBe('/usr/local/app////////lib/gio/modules');
      });

      it('is led to nothing if it is not brought', () => {
        const { view, inRoot } = gio();
        const made = directoryAfter(planOf(view, ['/usr/bin/app']), inRoot);
        expect(made).toMatch(/^\/dev\/null\/-+\/modules$/);
        expect(made).toHaveLength(`${LIB}/gio/modules`.length);
      });

      it('stays if another string of the object shares a block', () => {
        const { view } = gio(
          `const char *more(void) { return __builtin_memcpy(other, "${LIB}/other/thing", ${LIB.length + 13}); }`,
        );
        const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
        expect(verdict(plan, `${LIB}/gio/modules`)?.[0]).toBe('open');
      });
    },
  );

  it('may take the first place of a list of directories', () => {
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

  it('is brought although a package has all of it, and other modules of the host may be beside it', () => {
    const root = rootOf(pam);
    const packages = {
      paths: [{ path: `${LIB}/security/pam_unix.so`, kind: 'file', why: 'of a package' }],
      files: [],
      remarks: [],
    } as unknown as PackagePlan;
    const plan = planOf(root, ['/usr/bin/app'], { packages });
    expect(verdict(plan, `${LIB}/security`)).toEqual(['redirected', '/usr/local/app/lib/security']);
  });

  it('is redirected for a helper that only a module names, and says that a setgid bit is cleared', () => {
    const root = rootOf({
      ...pam,
      [`${LIB}/security/pam_unix.so`]: { needed: ['libc.so.6'], data: '\0/sbin/unix_chkpwd\0' },
      '/usr/sbin/unix_chkpwd': program(),
      '/sbin': { link: 'usr/sbin' },
    });
    fs.chmodSync(root.source('/usr/sbin/unix_chkpwd').hostPath!, 0o2755);
    const plan = planOf(directoryView(root.source('/').hostPath!), ['/usr/bin/app']);
    expect(verdict(plan, '/usr/sbin/unix_chkpwd')).toEqual(['redirected', '/usr/local/app/sbin/unix_chkpwd']);
    expect(edits(plan, '/usr/local/app/lib/security/pam_unix.so')).toEqual([
      expect.stringMatching(/^\/sbin\/unix_chkpwd → \/usr\/\.[0-9a-f]{11}$/),
    ]);
    expect(plan.remarks.find(({ code }) => code === 'helper-unprivileged')?.file).toBe(
      '/usr/local/app/sbin/unix_chkpwd',
    );
  });

  it('may be below a directory that libraries look for beside themselves', () => {
    const root = rootOf({
      '/usr/bin/app': program({ needed: ['libkrb5.so.3', 'libc.so.6'] }),
      [`${LIB}/libkrb5.so.3`]: {
        soname: 'libkrb5.so.3',
        needed: ['libc.so.6'],
        references: ['dladdr'],
        data: `\0${LIB}/krb5/plugins\0`,
      },
      [`${LIB}/krb5/plugins/preauth/spake.so`]: { needed: ['libc.so.6'] },
      [`${LIB}/krb5/own`]: { text: '' },
    });
    const plan = planOf(root, ['/usr/bin/app', `${LIB}/krb5/own`], { needs: 'suggested' });
    expect(verdict(plan, `${LIB}/krb5/plugins`)).toEqual(['redirected', '/usr/local/app/lib/krb5/plugins']);
    expect(holds(plan, '/usr/local/app/lib/krb5')).toEqual([
      '/usr/local/app/lib/krb5/plugins/preauth/spake.so',
    ]);
  });

  it('closes the variables that lead to other modules', () => {
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

  it('has index files and scripts that lead to the private place', () => {
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

  it('does not come along with a file whose bytes are checked', () => {
    const plan = planOf(rootOf({ ...pam, [`${LIB}/.libpam.so.0.hmac`]: { text: '' } }), ['/usr/bin/app']);
    expect(verdict(plan, `${LIB}/security`)).toEqual([
      'open',
      `${LIB}/libpam.so.0 contains its path and must not be edited, because ${LIB}/.libpam.so.0.hmac contains a digest or signature of it; use --mode flatwrap`,
    ]);
  });

  it('stays open if no file contains its path, and with --seal none', () => {
    const files = { ...pam, [`${LIB}/libpam.so.0`]: { soname: 'libpam.so.0', needed: ['libc.so.6'] } };
    expect(verdict(planOf(rootOf(files), ['/usr/bin/app']), `${LIB}/security`)?.[1]).toMatch(/^no file/);
    const unsealed = planOf(rootOf(pam), ['/usr/bin/app'], { seal: 'none' });
    expect(verdict(unsealed, `${LIB}/security`)?.[1]).toMatch(/^with --seal none/);
  });

  it('is redirected as a whole if the user names a part of it, and left if an overlay adds to it', () => {
    const files = { ...pam, [`${LIB}/security/pam_env.so`]: { needed: ['libc.so.6'] } };
    const includes = [{ source: `${LIB}/security/pam_env.so` }];
    const plan = planOf(rootOf(files), ['/usr/bin/app'], { includes });
    expect(verdict(plan, `${LIB}/security`)).toEqual(['redirected', '/usr/local/app/lib/security']);
    expect(holds(plan, '/usr/local/app/lib/security')).toEqual([
      '/usr/local/app/lib/security/pam_env.so',
      '/usr/local/app/lib/security/pam_unix.so',
    ]);
    const overlay = rootAt(at(`overlay-${roots++}`), { [`${LIB}/security/pam_own.so`]: {} }, 'none');
    const root = rootOf(files);
    const lookups = [layeredView([overlay, root], 'the overlay over the root')];
    const added = planOf(root, ['/usr/bin/app'], { overlays: [overlay], lookups });
    expect(edits(added, '/usr/local/app/lib/libpam.so.0')).toEqual([]);
  });

  it('is left where it is if the user names it', () => {
    const plan = planOf(rootOf(pam), ['/usr/bin/app'], { includes: [{ source: `${LIB}/security` }] });
    expect(plan.remarks.filter(({ code }) => code === 'replaces-modules').map(({ file }) => file)).toEqual([
      `${LIB}/security`,
    ]);
    expect(holds(plan, LIB)).toEqual([`${LIB}/security/pam_unix.so`]);
    expect(edits(plan, '/usr/local/app/lib/libpam.so.0')).toEqual([]);
  });

  it('gives the same plan each time', () => {
    const root = rootOf(pam);
    expect(planOf(root, ['/usr/bin/app']).files).toEqual(planOf(root, ['/usr/bin/app']).files);
  });
});
