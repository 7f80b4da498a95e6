import type { ElfFacts } from '../elf/facts.ts';
import { abiOf } from '../elf/machine.ts';

export type LibcFamily = 'glibc' | 'musl';

/** What flix knows about a C library and its dynamic loader. Every name is a file name without its directory. */
export interface Libc {
  readonly family: LibcFamily;
  readonly loaderName: RegExp;
  /** The libc itself, as other objects name it in DT_NEEDED. */
  readonly libcName: RegExp;
  /** Libraries that use the libc's private symbols and data, so that only those of the same build fit together. */
  readonly partName: RegExp;
  /** Environment variables that inject code which the program's own files never ask for. */
  readonly variables: readonly string[];
  /**
   * Returns the libraries that the libc opens by name while a program runs.
   * @param minor 36 for glibc 2.36; `Infinity` if the version is not known
   */
  readonly opens: (minor: number) => readonly string[];
  readonly nameService: NameService;
  /** What else the libc reads from outside, sealed or not. */
  readonly openings: readonly LibcOpening[];
}

/** How a libc asks modules for users, groups and hosts (nsswitch.conf(5)). */
export interface NameService {
  /** The functions that ask. */
  readonly calls: readonly string[];
  /** Modules that work with the service of any host, so that a tree may bring them. */
  readonly modules: readonly string[];
  /** What `nsswitch.conf` may name without a module, or without a loss. */
  readonly builtIn: readonly string[];
}

interface LibcOpening {
  /** Variables, or files of the host. */
  readonly through: readonly string[];
  /** What comes in through them, for the manifest. */
  readonly admits: string;
}

export const glibc = {
  family: 'glibc',
  // such as ld-linux-x86-64.so.2, ld64.so.1, ld.so.1, ld-lsb-x86-64.so.3, and ld-2.31.so before glibc 2.34
  loaderName: /^ld(?:-(?!musl-)[^/]*|64)?\.so(?:\.\d+)?$/,
  libcName: /^libc\.so\.\d/,
  partName:
    /^(?:libc|libm|libmvec|libpthread|librt|libdl|libutil|libresolv|libanl|libthread_db|libBrokenLocale|libnss_(?:files|dns|compat|hesiod|db))\.so\.\d$|^libnsl\.so\.1$/,
  variables: ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT'],
  // libgcc_s for pthread_exit, cancellation and backtrace (sysdeps/gnu/unwind-resume.c); before 2.34, files and dns were
  // modules of their own, without which no user, group or host is known (NEWS of 2.34)
  opens: minor => ['libgcc_s.so.1', ...(minor < 34 ? ['libnss_files.so.2', 'libnss_dns.so.2'] : [])],
  nameService: {
    calls: [
      ...['nam', 'uid', 'ent'].flatMap(by => [`getpw${by}`, `getpw${by}_r`]),
      ...['nam', 'gid', 'ent'].flatMap(by => [`getgr${by}`, `getgr${by}_r`]),
      ...['name', 'name2', 'addr'].flatMap(by => [`gethostby${by}`, `gethostby${by}_r`]),
      'getgrouplist',
      'initgroups',
      'getspnam',
      'getspnam_r',
      'getaddrinfo',
      'getnameinfo',
    ],
    modules: [
      'libnss_compat.so.2', // part of glibc; reads files
      'libnss_systemd.so.2', // the Varlink interface io.systemd.UserDatabase (systemd.io/USER_GROUP_API)
      'libnss_resolve.so.2', // the Varlink interface io.systemd.Resolve
      'libnss_myhostname.so.2', // asks only the kernel (nss-myhostname(8))
      'libnss_sss.so.2', // sockets of SSSD, protocol version 1 since 2008 (SSSD src/sss_client/sss_cli.h)
    ],
    // db and hesiod are parts of glibc that look into databases which hardly any host has (nss/Makefile)
    builtIn: ['files', 'dns', 'db', 'hesiod'],
  },
  openings: [
    { through: ['GCONV_PATH'], admits: 'character set converters (gconv modules)' },
    { through: ['LOCPATH'], admits: 'no code, but locale data' },
    {
      through: ['/etc/nsswitch.conf'],
      admits: 'no code; the program cannot see users or hosts that are known only to the host’s NSS modules',
    },
  ],
  soname: 'libc.so.6',
  cacheFile: '/etc/ld.so.cache',
  preloadFile: '/etc/ld.so.preload',
} as const satisfies Libc & Record<string, unknown>;

export const musl = {
  family: 'musl',
  loaderName: /^ld-musl-[^/]+\.so(?:\.\d+)?$/,
  // the loader is the libc; Alpine calls it libc.musl-x86_64.so.1
  libcName: /^libc\.(?:so$|musl-)/,
  partName: /^libc\.musl-.*\.so\.1$/,
  // musl has no auditors
  variables: ['LD_LIBRARY_PATH', 'LD_PRELOAD'],
  opens: () => [],
  // musl reads files, and asks nscd (musl src/passwd/nscd_query.c)
  nameService: { calls: [], modules: [], builtIn: [] },
  openings: [],
} as const satisfies Libc;

const libcs: readonly Libc[] = [musl, glibc];

export function libcOf(family: LibcFamily): Libc {
  return family === 'musl' ? musl : glibc;
}

/** Whether a file of this name is, or leads to, a dynamic loader. */
export function isLoaderFile(name: string): boolean {
  return libcs.some(({ loaderName }) => loaderName.test(name));
}

/** Whether an object, by its soname or else by its file name, is a loader, a libc or a part of one. */
export function isLibcPart(soname: string | undefined, path: string): boolean {
  const name = soname ?? fileName(path);
  return libcs.some(({ loaderName, partName }) => loaderName.test(name) || partName.test(name));
}

/** Returns the libc that an object was built against; `undefined` if it needs none. */
export function libcFamily({ dynamic, interpreter }: ElfFacts): LibcFamily | undefined {
  const needed = (dynamic?.needed ?? []).map(({ name }) => fileName(name));
  const loader = interpreter === undefined ? [] : [fileName(interpreter)];
  return libcs.find(
    ({ libcName, loaderName }) =>
      needed.some(name => libcName.test(name) || loaderName.test(name)) ||
      loader.some(name => loaderName.test(name)),
  )?.family;
}

/** Whether a program names its loader where a host of its ABI has it: at glibc's standard path, or at musl's. */
export function isStandardInterpreter({ header, interpreter }: ElfFacts): boolean {
  if (interpreter === undefined) return false;
  return (
    interpreter === abiOf(header)?.interpreter ||
    (interpreter === `/lib/${fileName(interpreter)}` && musl.loaderName.test(fileName(interpreter)))
  );
}

/** Whether an object's loader serves this name itself: its own names, and musl's names for the libc. */
export function isLoaderName(name: string, { header, interpreter }: ElfFacts): boolean {
  const own = [interpreter, abiOf(header)?.interpreter].map(path => path && fileName(path));
  return own.includes(fileName(name)) || musl.libcName.test(name);
}

/** Returns the architecture in the name of a musl loader, such as `x86_64`; `undefined` if it is not called so. */
export function muslArchitecture(interpreter: string): string | undefined {
  return /^ld-musl-(.+)\.so(?:\.\d+)?$/.exec(fileName(interpreter))?.[1];
}

/** The file that lists musl's search directories, below the prefix of its loader (musl ldso/dynlink.c). */
export function muslPathFile(architecture: string): string {
  return `${MUSL_PATH_FILE}${architecture}.path`;
}

/** How the name of that file begins in the loader. */
export const MUSL_PATH_FILE = '/etc/ld-musl-';

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
