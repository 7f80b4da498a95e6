import { describe, expect, it } from 'vitest';
import { openingSearch } from '../../src/plan/openings.ts';

const openings = (name: string, ...pieces: readonly string[]) => {
  const search = openingSearch(name);
  for (const piece of pieces) search?.see(Buffer.from(piece));
  return search?.openings(`/usr/lib/${name}`);
};
const through = (name: string, ...pieces: readonly string[]) =>
  openings(name, ...pieces)?.map(opening => opening.through);

describe('the openings of a file', () => {
  it.each([
    ['libc.so.6', 'GCONV_PATH\0/etc/nsswitch.conf', ['GCONV_PATH', '/etc/nsswitch.conf']],
    ['libcrypto.so.3', 'OPENSSL_CONF\0OPENSSL_MODULES', ['OPENSSL_CONF', 'OPENSSL_MODULES']],
    ['python3.11', 'PYTHONPATH', ['PYTHONPATH']],
    ['libpython3.11.so.1.0', 'PYTHONHOME', ['PYTHONHOME']],
    ['perl5.36.0', 'PERL5LIB', ['PERL5LIB']],
    ['libQt6Core.so.6', 'QT_PLUGIN_PATH', ['QT_PLUGIN_PATH']],
    ['libGLX.so.0', '__EGL_VENDOR_LIBRARY_DIRS', ['__EGL_VENDOR_LIBRARY_DIRS']],
  ])('include, for %s, what the file contains the name of', (name, content, found) => {
    expect(through(name, content)).toEqual(found);
  });

  it('do not include a variable that the file does not contain', () => {
    expect(through('libc.so.6', 'a libc that was built without them')).toEqual([]);
  });

  it.each(['libcap.so.2', 'mylibc.so.6', 'python', 'pythonic', 'libgcrypt.so.20', 'libGLU.so.1'])(
    'are not searched in %s',
    name => {
      expect(openingSearch(name)).toBeUndefined();
    },
  );

  it.each([
    ['cut in two', ['...GCONV', '_PATH']],
    ['cut to letters', 'GCONV_PATH'.split('')],
    ['at the very end of a long piece', ['x'.repeat(5000), 'GCONV_', 'PATH']],
  ])('are found with a name %s', (_, pieces) => {
    expect(through('libc.so.6', ...pieces)).toEqual(['GCONV_PATH']);
  });

  it('are not assembled from pieces that are not adjacent', () => {
    expect(through('libc.so.6', 'GCONV', '-', '_PATH')).toEqual([]);
  });

  it('name the file of the tree', () => {
    const [opening] = openings('libsasl2.so.2', 'SASL_PATH')!;
    expect(opening).toEqual({
      through: 'SASL_PATH',
      admits: 'authentication mechanisms',
      file: '/usr/lib/libsasl2.so.2',
    });
  });
});
