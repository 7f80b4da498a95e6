import { glibc } from '../libc/libc.ts';
import { shellCommands } from './every-host.ts';
import type { Owner, Strength } from './need.ts';

/**
 * What a program needs although nothing in its files says so: the directories are joined from pieces, chosen by a version,
 * or compiled in as a part of a longer text. A path that an object contains as a whole needs no family.
 */
export interface Family {
  /** For the user: `OpenSSL providers`. */
  readonly name: string;
  /** Matches the real name of a program. */
  readonly file?: RegExp;
  /** Matches the soname of a library, or its file name if it has none. */
  readonly soname?: RegExp;
  /** The object imports one of these symbols. */
  readonly imports?: readonly string[];
  /** With `imports`: the strength of the need if a library imports the symbol; default: `strength`. */
  readonly ofLibraries?: Strength;
  /** With `imports`: libraries that do so for a part that hardly any program uses. */
  readonly except?: RegExp;
  readonly strength: Strength;
  /** The strength in a view that hides the files of the host, if it is another one. A plugin needs no less. */
  readonly hidden?: Strength;
  /**
   * Paths of the root. `$DIR` is the directory of the object, `$LIB` that of its libraries, `$PREFIX` is `/usr` or its
   * like, `$1` what the first group of the pattern matched, and `*` any part of a name. Those that do not exist are
   * passed over.
   */
  readonly paths: readonly string[];
  /** Only the first path that exists. */
  readonly first?: true;
  readonly owner?: Owner;
  /** With `owner: 'host'`: an object contains only this directory, or a list of two, and appends the rest. */
  readonly base?: string;
  /** The name of that object, if it is not the one that has the need. */
  readonly baseIn?: RegExp;
  /** With `owner: 'host'`: the files are code. If a tree has none of them, its objects find none, not those of the host. */
  readonly modules?: true;
  /** With `modules`: variables that name another directory. */
  readonly variables?: readonly string[];
}

const PYTHON = ['$PREFIX/lib/python$1', '$PREFIX/lib64/python$1', '$PREFIX/lib/python3$2.zip'];
const PERL = [
  '$LIB/perl/$1',
  '$PREFIX/share/perl/$1',
  '$PREFIX/lib/perl5/core_perl', // Alpine, Arch
  '$PREFIX/share/perl5/core_perl',
  '$PREFIX/lib64/perl5', // Fedora
];
const RUBY = [
  '$PREFIX/lib/ruby/$1*',
  '$LIB/ruby/$1*',
  '$PREFIX/lib/ruby/vendor_ruby',
  // descriptions of the gems that are part of the library; without them, `gem 'json'` raises Gem::MissingSpecError
  '$PREFIX/lib/ruby/gems/$1*/specifications/default',
];
const TCL = ['$PREFIX/share/tcltk/tcl$1*', '$PREFIX/lib/tcl$1', '$PREFIX/lib/tcl8', '$PREFIX/share/tcl$1'];

/** The tables of names and numbers that functions of the C library read (netdb.h, netinet/ether.h, rpc/netdb.h). */
const NAME_TABLES: readonly (readonly [name: string, file: string, calls: readonly string[]])[] = [
  [
    'names of protocols',
    '/etc/protocols',
    withReentrant('getprotobyname', 'getprotobynumber', 'getprotoent'),
  ],
  ['names of services', '/etc/services', withReentrant('getservbyname', 'getservbyport', 'getservent')],
  ['names of RPC programs', '/etc/rpc', withReentrant('getrpcbyname', 'getrpcbynumber', 'getrpcent')],
  ['names of networks', '/etc/networks', withReentrant('getnetbyname', 'getnetbyaddr', 'getnetent')],
  ['names of Ethernet addresses', '/etc/ethers', ['ether_hostton', 'ether_ntohost']],
];

/** Returns the names of functions, each with that of its reentrant variant. */
function withReentrant(...names: readonly string[]): string[] {
  return names.flatMap(name => [name, `${name}_r`]);
}

/** Taken from the sources of each project and from the packages of Debian, Fedora and Alpine. */
export const families: readonly Family[] = [
  // languages: an interpreter does not start without its library; a program that embeds one may never use it
  { name: 'Python library', file: /^python(3\.(\d+))$/, strength: 'required', paths: PYTHON },
  { name: 'Python library', soname: /^libpython(3\.(\d+))\.so/, strength: 'recommended', paths: PYTHON },
  {
    name: 'Python modules',
    file: /^python(3\.\d+)$/,
    strength: 'suggested',
    paths: ['$PREFIX/lib/python3/dist-packages'],
  },
  {
    // its path has no version, so that a host has another one at the same path
    name: 'Perl library',
    file: /^perl$|^perl(5\.\d+)/,
    strength: 'required',
    paths: ['$LIB/perl-base'],
    owner: 'host',
    modules: true,
  },
  { name: 'Perl library', file: /^perl$|^perl(5\.\d+)/, strength: 'required', paths: PERL },
  { name: 'Perl library', soname: /^libperl\.so\.(5\.\d+)/, strength: 'recommended', paths: PERL },
  {
    name: 'Perl modules',
    file: /^perl/,
    strength: 'suggested',
    paths: ['$LIB/perl5/5*', '$PREFIX/share/perl5', '$PREFIX/lib/perl5/vendor_perl'],
  },
  { name: 'Ruby library', file: /^ruby(\d\.\d)?/, strength: 'required', paths: RUBY },
  { name: 'Ruby library', soname: /^libruby-?(\d\.\d)?\./, strength: 'recommended', paths: RUBY },
  {
    name: 'Ruby gems',
    file: /^ruby/,
    strength: 'suggested',
    paths: ['$PREFIX/share/rubygems-integration', '$PREFIX/lib/ruby/gems'],
  },
  { name: 'Tcl library', file: /^tclsh(\d\.\d)$/, strength: 'required', paths: TCL },
  { name: 'Tcl library', soname: /^libtcl(\d\.\d)\.so/, strength: 'recommended', paths: TCL },
  {
    name: 'Tk library',
    soname: /^libtk(\d\.\d)\.so/,
    strength: 'required',
    paths: ['$PREFIX/share/tcltk/tk$1*', '$PREFIX/lib/tk$1'],
  },
  {
    name: 'Lua modules',
    soname: /^liblua(?:jit)?-?(5\.\d)/,
    strength: 'suggested',
    paths: ['$PREFIX/share/lua/$1', '$LIB/lua/$1'],
  },
  {
    name: 'Lua modules',
    file: /^lua(5\.\d)?$/,
    strength: 'recommended',
    paths: ['$PREFIX/share/lua/$1*', '$LIB/lua/$1*'],
  },
  {
    name: 'JavaScript library of Node.js',
    soname: /^libnode\.so/,
    strength: 'required',
    paths: ['acorn', 'acorn-walk', 'cjs-module-lexer', 'undici', 'minimatch'].map(
      name => `$PREFIX/share/nodejs/${name}`,
    ),
  },
  { name: 'Java runtime', file: /^java$/, strength: 'required', paths: ['$DIR/../lib', '$DIR/../conf'] },
  {
    name: 'PHP extensions',
    file: /^php(?:-fpm|-cgi)?\d/,
    strength: 'recommended',
    paths: ['$PREFIX/lib/php/2*'],
  },
  {
    name: 'Guile library',
    soname: /^libguile-(\d\.\d)\.so/,
    strength: 'required',
    paths: ['$PREFIX/share/guile/$1', '$LIB/guile/$1'],
  },
  {
    name: 'PostgreSQL library',
    file: /^(?:postgres|initdb|pg_ctl|psql)$/,
    strength: 'required',
    paths: ['$DIR/../lib', '$DIR/postgres', '/usr/share/postgresql/*'],
  },
  {
    // started by name (gcc/gcc.cc, collect2.cc); others are in the compiler's own directory
    name: 'assembler and linker',
    file: /^(?:[\w-]+-)?(?:gcc|g\+\+|gfortran|gnat|gdc|gccgo)(?:-\d+)?$/,
    strength: 'required',
    paths: ['/usr/bin/as', '/usr/bin/ld'],
  },

  // the libc and what authenticates users
  {
    // the libc runs it by a path of its own, which is no string of the program
    name: 'shell',
    imports: ['system', 'popen', 'wordexp'],
    strength: 'recommended',
    hidden: 'required',
    paths: ['/bin/sh'],
  },
  {
    // a program that opens a session starts the shell in /etc/passwd; sshd refuses a user whose shell does not exist (auth.c)
    name: 'login shells',
    imports: ['pam_open_session'],
    ofLibraries: 'candidate',
    strength: 'suggested',
    hidden: 'required',
    paths: ['/bin/bash', '/bin/sh'],
  },
  {
    name: 'commands of the shell',
    file: /^(?:ba|da|k|mk|z)?sh$|^busybox$/,
    strength: 'recommended',
    hidden: 'required',
    paths: shellCommands.map(name => `/bin/${name}`),
  },
  // the service “files” of the name service reads them (glibc nss/nss_files/files-XXX.c; musl has a table of protocols of its own)
  ...NAME_TABLES.map(([name, file, calls]) => ({
    name,
    imports: calls,
    ofLibraries: 'suggested' as const,
    strength: 'recommended' as const,
    paths: [file],
  })),
  {
    // the libc itself converts in locales whose characters are not UTF-8
    name: 'gconv modules',
    soname: glibc.libcName,
    strength: 'candidate',
    paths: ['$LIB/gconv', '$PREFIX/lib/gconv', '$PREFIX/lib64/gconv'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['GCONV_PATH'],
  },
  {
    name: 'gconv modules',
    imports: ['iconv_open'],
    except: /^libstdc\+\+\.so/,
    strength: 'recommended',
    paths: ['$LIB/gconv', '$PREFIX/lib/gconv', '$PREFIX/lib64/gconv'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['GCONV_PATH'],
  },
  {
    // Python uses it instead of C (PEP 538); some programs end at once if they are told to use it and cannot
    name: 'locale C.UTF-8',
    imports: ['setlocale', 'newlocale'],
    except: /^libstdc\+\+\.so/,
    strength: 'suggested',
    hidden: 'required',
    paths: ['/usr/lib/locale/C.utf8', '/usr/lib/locale/C.UTF-8'],
    first: true,
    owner: 'host',
  },
  {
    name: 'gconv modules',
    file: /^iconv$/,
    strength: 'required',
    paths: ['$LIB/gconv', '$PREFIX/lib/gconv', '$PREFIX/lib64/gconv'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['GCONV_PATH'],
  },
  {
    name: 'locale data',
    file: /^locale$/,
    strength: 'required',
    paths: ['/usr/lib/locale'],
    owner: 'host',
  },
  {
    name: 'locale data',
    imports: ['setlocale', 'newlocale'],
    except: /^libstdc\+\+\.so/,
    strength: 'suggested',
    hidden: 'recommended',
    paths: ['/usr/lib/locale'],
    owner: 'host',
  },
  {
    name: 'PAM modules',
    soname: /^libpam\.so\.0$/,
    strength: 'required',
    paths: ['$LIB/security', '/usr/lib/security', '/usr/lib64/security'],
    first: true,
    owner: 'host',
    modules: true,
  },
  {
    // pam_unix runs it for users other than root, and since Linux-PAM 1.6 for root, too
    name: 'helper of PAM',
    soname: /^libpam\.so\.0$/,
    strength: 'required',
    paths: ['/usr/sbin/unix_chkpwd', '/sbin/unix_chkpwd'],
    first: true,
    owner: 'host',
  },
  {
    name: 'helper of PAM',
    soname: /^pam_(mkhomedir|pwhistory)\.so$/,
    strength: 'required',
    paths: ['/usr/sbin/$1_helper', '/sbin/$1_helper'],
    first: true,
    owner: 'host',
  },
  {
    name: 'helper of PAM',
    soname: /^pam_unix\.so$/,
    strength: 'recommended',
    paths: ['/usr/sbin/unix_update', '/sbin/unix_update'],
    first: true,
    owner: 'host',
  },
  {
    name: 'OpenSSL providers',
    soname: /^libcrypto\.so\.3$/,
    strength: 'recommended',
    hidden: 'required',
    paths: ['$LIB/ossl-modules', '/usr/lib64/ossl-modules'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['OPENSSL_MODULES'],
  },
  {
    // leads to the certificates in /etc
    name: 'OpenSSL directory',
    soname: /^libcrypto\.so\.(?:1\.1|3)$/,
    strength: 'recommended',
    hidden: 'required',
    paths: ['/usr/lib/ssl'],
  },
  {
    name: 'OpenSSL engines',
    soname: /^libcrypto\.so\.(1\.1|3)$/,
    strength: 'suggested',
    paths: ['$LIB/engines-$1', '/usr/lib64/engines-$1'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['OPENSSL_ENGINES'],
  },
  {
    name: 'SASL mechanisms',
    soname: /^libsasl2\.so\.\d+$/,
    strength: 'recommended',
    paths: ['$LIB/sasl2', '/usr/lib64/sasl2'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['SASL_PATH'],
  },
  {
    name: 'Kerberos plugins',
    soname: /^libkrb5\.so\.3$/,
    strength: 'suggested',
    paths: ['$LIB/krb5/plugins', '/usr/lib64/krb5/plugins'],
    first: true,
    owner: 'host',
    modules: true,
  },
  {
    name: 'GSS-API mechanisms',
    soname: /^libgssapi_krb5\.so\.2$/,
    strength: 'suggested',
    paths: ['$LIB/gss'],
    owner: 'host',
    modules: true,
  },
  {
    name: 'PKCS#11 modules',
    soname: /^libp11-kit\.so\.0$/,
    strength: 'suggested',
    paths: ['$LIB/pkcs11', '/usr/share/p11-kit/modules'],
    owner: 'host',
    modules: true,
  },

  // terminals, files and text
  {
    name: 'terminal descriptions',
    soname: /^lib(?:tinfow?|ncursesw?|slang)\.so\.\d+$/,
    strength: 'required',
    hidden: 'required',
    paths: ['/usr/lib/terminfo', '/usr/share/terminfo'],
    first: true,
  },
  {
    name: 'file types',
    soname: /^libmagic\.so\.1$/,
    strength: 'required',
    paths: ['/usr/share/misc/magic.mgc', '/usr/share/file/magic.mgc'],
    first: true,
  },
  {
    name: 'Unicode data',
    soname: /^libicudata\.so\.(\d+)$/,
    strength: 'suggested',
    paths: ['/usr/share/icu/$1*'],
  },

  // desktop libraries
  {
    // its code contains the path only in pieces
    name: 'fontconfig configuration',
    soname: /^libfontconfig\.so\.1$/,
    strength: 'recommended',
    paths: ['/etc/fonts'],
  },
  {
    name: 'GIO modules',
    soname: /^libgio-2\.0\.so\.0$/,
    strength: 'recommended',
    paths: ['$LIB/gio/modules', '/usr/lib64/gio/modules'],
    first: true,
    owner: 'host',
    modules: true,
    variables: ['GIO_MODULE_DIR', 'GIO_EXTRA_MODULES'],
  },
  {
    name: 'settings schemas',
    // libgio only has the functions; without the schemas, a program that calls them aborts
    imports: ['', '_with_path', '_with_backend', '_with_backend_and_path', '_full'].map(
      variant => `g_settings_new${variant}`,
    ),
    strength: 'recommended',
    paths: ['/usr/share/glib-2.0/schemas'],
    owner: 'host',
    // the default of XDG_DATA_DIRS (glib/gutils.c)
    base: '/usr/local/share/:/usr/share/',
    baseIn: /^lib(?:glib|gio)-2\.0\.so\.0$/,
  },
  {
    name: 'image loaders',
    soname: /^libgdk_pixbuf-2\.0\.so\.0$/,
    strength: 'recommended',
    paths: ['$LIB/gdk-pixbuf-2.0', '/usr/lib64/gdk-pixbuf-2.0'],
    first: true,
    owner: 'host',
    modules: true,
    base: '$LIB',
    variables: ['GDK_PIXBUF_MODULE_FILE', 'GDK_PIXBUF_MODULEDIR'],
  },
  {
    name: 'GTK modules',
    soname: /^libgtk-(3|4)\.so/,
    strength: 'recommended',
    paths: ['$LIB/gtk-$1.0', '/usr/lib64/gtk-$1.0'],
    first: true,
    owner: 'host',
    modules: true,
    base: '$LIB',
    variables: ['GTK_PATH', 'GTK_IM_MODULE_FILE'],
  },
  {
    name: 'icons',
    soname: /^libgtk-(?:3|4)\.so/,
    strength: 'recommended',
    paths: ['/usr/share/icons/Adwaita', '/usr/share/icons/hicolor'],
    owner: 'host',
  },
  {
    name: 'Qt plugins',
    soname: /^libQt(5|6)Gui\.so/,
    strength: 'required',
    paths: ['$LIB/qt$1/plugins', '/usr/lib64/qt$1/plugins', '/usr/lib/qt$1/plugins'],
    first: true,
  },
  {
    name: 'keyboard maps',
    soname: /^libxkbcommon\.so\.0$/,
    strength: 'recommended',
    paths: ['/usr/share/X11/xkb'],
    owner: 'host',
  },
  {
    name: 'locales of X11',
    soname: /^libX11\.so\.6$/,
    strength: 'suggested',
    paths: ['/usr/share/X11/locale'],
    owner: 'host',
  },

  // sound, pictures and video
  {
    // without it, the library knows no device (alsa-lib src/conf.c, ALSA_CONFIG_PATH_DEFAULT)
    name: 'ALSA configuration',
    soname: /^libasound\.so\.2$/,
    strength: 'required',
    paths: ['/usr/share/alsa'],
    owner: 'host',
  },
  {
    name: 'ALSA plugins',
    soname: /^libasound\.so\.2$/,
    strength: 'suggested',
    paths: ['$LIB/alsa-lib'],
    owner: 'host',
    modules: true,
    variables: ['ALSA_PLUGIN_DIR'],
  },
  {
    name: 'image coders',
    soname: /^libMagickCore-(\d)/,
    strength: 'required',
    paths: ['$LIB/ImageMagick-$1*', '/usr/share/ImageMagick-$1'],
  },
  {
    name: 'GStreamer plugins',
    soname: /^libgstreamer-1\.0\.so\.0$/,
    strength: 'recommended',
    paths: ['$LIB/gstreamer-1.0', '$LIB/gstreamer1.0', '/usr/lib64/gstreamer-1.0'],
  },
  { name: 'VLC plugins', soname: /^libvlccore\.so/, strength: 'required', paths: ['$LIB/vlc'] },

  // drivers fit the kernel and the devices of a machine
  {
    name: 'OpenGL drivers',
    soname: /^lib(?:GLX?|EGL|OpenGL|GLdispatch|gbm)\.so/,
    strength: 'recommended',
    paths: ['$LIB/dri', '$LIB/gbm', '$LIB/libGLX_mesa.so.0', '$LIB/libEGL_mesa.so.0'],
    owner: 'machine',
  },
  {
    name: 'Vulkan drivers',
    soname: /^libvulkan\.so/,
    strength: 'recommended',
    paths: ['/usr/share/vulkan/icd.d'],
    owner: 'machine',
  },
  {
    name: 'VA-API drivers',
    soname: /^libva\.so/,
    strength: 'suggested',
    paths: ['$LIB/dri'],
    owner: 'machine',
  },
  {
    name: 'VDPAU drivers',
    soname: /^libvdpau\.so/,
    strength: 'suggested',
    paths: ['$LIB/vdpau'],
    owner: 'machine',
  },
];
