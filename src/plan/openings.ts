import { asBuffer } from '../elf/bytes.ts';
import { glibc } from '../libc/libc.ts';
import type { Opening } from '../manifest/manifest.ts';

/** A library or program that loads code through a variable or an absolute path, whether or not the loader is sealed. */
interface KnownOpening {
  /** Matches the name of the file. */
  readonly file: RegExp;
  readonly through: readonly string[];
  readonly admits: string;
}

/** Taken from the sources of each project; only ways to load foreign *code* are listed. */
const KNOWN: readonly KnownOpening[] = [
  ...glibc.openings.map(opening => ({
    file: glibc.libcName,
    through: opening.through,
    admits: opening.admits,
  })),
  {
    file: /^libcrypto\.so\./,
    through: ['OPENSSL_CONF', 'OPENSSL_MODULES', 'OPENSSL_ENGINES'],
    admits: 'OpenSSL providers and engines',
  },
  {
    file: /^(?:libpython\d.*\.so.*|python\d(?:\.\d+)?)$/,
    through: ['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP'],
    admits: 'Python modules, including native ones',
  },
  {
    file: /^(?:libperl\.so.*|perl\d?(?:\.\d+)*)$/,
    through: ['PERL5LIB', 'PERL5OPT'],
    admits: 'Perl modules, including native ones',
  },
  { file: /^libruby/, through: ['RUBYLIB', 'RUBYOPT'], admits: 'Ruby modules, including native ones' },
  { file: /^liblua/, through: ['LUA_PATH', 'LUA_CPATH'], admits: 'Lua modules, including native ones' },
  { file: /^libtcl\d/, through: ['TCLLIBPATH'], admits: 'Tcl packages, including native ones' },
  { file: /^libgio-2\.0\.so/, through: ['GIO_MODULE_DIR', 'GIO_EXTRA_MODULES'], admits: 'GIO modules' },
  { file: /^libgdk_pixbuf-/, through: ['GDK_PIXBUF_MODULE_FILE'], admits: 'image loaders' },
  { file: /^libg(?:tk|dk)-/, through: ['GTK_PATH', 'GTK_MODULES'], admits: 'GTK modules' },
  {
    file: /^libgstreamer-/,
    through: ['GST_PLUGIN_PATH', 'GST_PLUGIN_SYSTEM_PATH'],
    admits: 'GStreamer plugins',
  },
  { file: /^libQt\dCore/, through: ['QT_PLUGIN_PATH', 'QT_QPA_PLATFORM_PLUGIN_PATH'], admits: 'Qt plugins' },
  {
    file: /^lib(?:GLX?|EGL|gbm|vulkan)(?:_|\.so)/,
    through: ['LIBGL_DRIVERS_PATH', '__EGL_VENDOR_LIBRARY_DIRS', 'GBM_BACKENDS_PATH', 'VK_DRIVER_FILES'],
    admits: 'graphics drivers',
  },
  { file: /^libva\.so/, through: ['LIBVA_DRIVERS_PATH'], admits: 'video drivers' },
  { file: /^libasound\.so/, through: ['ALSA_CONFIG_PATH', 'ALSA_PLUGIN_DIR'], admits: 'ALSA plugins' },
  {
    file: /^libMagickCore/,
    through: ['MAGICK_CODER_MODULE_PATH', 'MAGICK_CONFIGURE_PATH'],
    admits: 'image coders',
  },
  {
    file: /^libcurl/,
    through: ['/usr/bin/ntlm_auth'],
    admits: 'a program of Samba, executed for NTLM',
  },
  {
    file: /^libdbus-1\.so/,
    through: ['/usr/bin/dbus-launch'],
    admits: 'a program of D-Bus, executed if no session bus is running',
  },
  {
    file: /^pam_unix\.so$/,
    through: ['/sbin/unix_chkpwd', '/usr/sbin/unix_chkpwd'],
    admits: 'a program of PAM, executed to check a password',
  },
  { file: /^libsasl2\.so/, through: ['SASL_PATH'], admits: 'authentication mechanisms' },
  { file: /^libkrb5\.so/, through: ['KRB5_CONFIG'], admits: 'Kerberos plugins' },
  {
    file: /^libpam\.so/,
    through: ['/etc/pam.d'],
    admits: "PAM modules, from the directory of the library's own root",
  },
  { file: /^libp11-kit\.so/, through: ['/etc/pkcs11'], admits: 'PKCS#11 modules' },
];

/** Returns a search for the openings of a file with this name; `undefined`: none is known, and the file need not be read. */
export function openingSearch(name: string): OpeningSearch | undefined {
  const known = KNOWN.filter(({ file }) => file.test(name));
  return known.length === 0 ? undefined : new OpeningSearch(known);
}

/** Searches a file's content, piece by piece. A variable or path counts only if the file contains its name. */
export class OpeningSearch {
  readonly #known: readonly KnownOpening[];
  readonly #found = new Set<string>();
  readonly #missing: Set<string>;
  readonly #overlap: number;
  /** The end of the pieces so far, since a name may be split across two of them. */
  #seam = Buffer.alloc(0);

  constructor(known: readonly KnownOpening[]) {
    this.#known = known;
    this.#missing = new Set(known.flatMap(({ through }) => through));
    this.#overlap = Math.max(...[...this.#missing].map(text => text.length)) - 1;
  }

  /** @param piece the next part of the content; it is not kept */
  see(piece: Uint8Array): void {
    const bytes = asBuffer(piece);
    const places = [bytes, Buffer.concat([this.#seam, bytes.subarray(0, this.#overlap)])];
    for (const text of this.#missing)
      if (places.some(place => place.includes(text))) {
        this.#found.add(text);
        this.#missing.delete(text);
      }
    this.#seam = Buffer.concat([this.#seam, bytes.subarray(-this.#overlap)]).subarray(-this.#overlap);
  }

  /** @param file path in the tree of the file that was searched */
  openings(file: string): Opening[] {
    return this.#known.flatMap(({ through, admits }) =>
      through.filter(text => this.#found.has(text)).map(text => ({ through: text, admits, file })),
    );
  }
}
