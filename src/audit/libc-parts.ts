import { basename } from '../view/path.ts';

/** The parts of one glibc: they use each other's private symbols and data, and only those of one build fit. */
const GLIBC =
  /^(?:libc|libm|libmvec|libpthread|librt|libdl|libutil|libresolv|libanl|libnsl|libthread_db|libBrokenLocale|libnss_(?:files|dns|compat|hesiod|db))\.so\.\d$|^ld(?:-linux.*|64)?\.so\.\d$/;
const MUSL = /^ld-musl-.*\.so\.1$|^libc\.musl-.*\.so\.1$/;

/** By its soname or, where there is none, the name of the file. */
export function isLibcPart(soname: string | undefined, path: string): boolean {
  const name = soname ?? basename(path);
  return GLIBC.test(name) || MUSL.test(name);
}
