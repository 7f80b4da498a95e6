import { memoised } from '../view/memo.ts';
import { basename, join, parent } from '../view/path.ts';

/** Names of files that contain a digest or signature of a file: `*` is its name, `%` its name without `.so` and what follows. */
const CHECKERS = [
  '.*.hmac', // libgcrypt, GnuTLS and OpenSSL of Fedora (FIPS 140)
  '*.hmac',
  'fipscheck/*.hmac', // fipscheck(3)
  '%.chk', // NSS (FIPS 140)
  '*.sig',
  '*.asc',
  '*.sign',
  '*.p7s',
  '*.minisig',
];

/** Returns the file with a digest or signature of a file, which must not be edited then; `undefined`: there is none. */
export const checkedBy = memoised((view, path): string | undefined => {
  const name = basename(path);
  // a digest may be beside a link to the file, such as that with its soname
  const names = new Set([name, name.replace(/(\.so\.\d+)\..*$/, '$1'), name.replace(/(\.so)\..*$/, '$1')]);
  for (const called of names)
    for (const pattern of CHECKERS) {
      const checker = join(
        parent(path),
        pattern.replace('*', called).replace('%', called.replace(/\.so(?:\..*)?$/, '')),
      );
      if (view.kind(checker) !== undefined && checker !== path) return checker;
    }
  return undefined;
});
