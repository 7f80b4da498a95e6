/**
 * A file that lists everything that is installed. If two layers contain this file, layer order decides which one is
 * visible; the other’s entries are lost.
 */
export interface UniqueIndex {
  /** Matched against the path. */
  readonly path: RegExp;
  /** What it lists. */
  readonly of: string;
  /** What no longer works when the host’s own is shadowed. */
  readonly effect: string;
  /** The tool that rebuilds it. */
  readonly tool: string;
  /** Whether the system may fail to boot without it. */
  readonly vital?: true;
}

const packages = (path: RegExp, tool: string): UniqueIndex => ({
  path,
  of: 'the installed packages',
  effect: 'the package manager and scanners see the wrong packages',
  tool,
});

export const uniqueIndices: readonly UniqueIndex[] = [
  {
    path: /^\/usr\/lib\/modules\/[^/]+\/modules\.(?:dep|alias|symbols|builtin|order|devname|softdep|weakdep)(?:\.\w+)*(?:\.bin)?$/,
    of: 'the kernel’s modules',
    effect: 'modprobe no longer finds the host’s modules',
    tool: 'depmod',
    vital: true,
  },
  {
    path: /\/ld\.so\.cache$/,
    of: 'the libraries that ldconfig found',
    effect: 'loaders no longer find libraries of the host',
    tool: 'ldconfig',
    vital: true,
  },
  {
    path: /^\/usr\/lib\/udev\/hwdb\.bin$/,
    of: 'the hardware database',
    effect: 'devices lose the properties that the host has for them',
    tool: 'systemd-hwdb update',
  },
  {
    path: /^\/usr\/lib\/systemd\/catalog\/database$|^\/usr\/lib\/locale\/locale-archive$/,
    of: 'message catalogs or locales',
    effect: 'messages and locales of the host are missing',
    tool: 'journalctl --update-catalog, localedef',
  },
  {
    path: /^\/usr\/share\/icons\/.+\/icon-theme\.cache$/,
    of: 'the icons of a theme',
    effect: 'icons of the host are not displayed',
    tool: 'gtk-update-icon-cache',
  },
  {
    path: /^\/usr\/share\/mime\/(?:mime\.cache|aliases|generic-icons|globs2?|icons|magic|subclasses|treemagic|types|version|XMLnamespaces)$/,
    of: 'the MIME types',
    effect: 'MIME types of the host are missing',
    tool: 'update-mime-database',
  },
  {
    path: /^\/usr\/share\/applications\/mimeinfo\.cache$/,
    of: 'the programs that open each MIME type',
    effect: 'files no longer open in the host’s programs',
    tool: 'update-desktop-database',
  },
  {
    path: /^\/usr\/share\/glib-2\.0\/schemas\/gschemas\.compiled$/,
    of: 'the settings of all GLib programs',
    effect: 'programs of the host abort at start, because GSettings treats a missing schema as fatal',
    tool: 'glib-compile-schemas',
  },
  {
    path: /\/gdk-pixbuf-2\.0\/[^/]+\/loaders\.cache$|\/gtk-[34]\.0\/[^/]+\/immodules\.cache$|\/gio\/modules\/giomodule\.cache$/,
    of: 'the modules of a toolkit',
    effect: 'modules of the host are not loaded',
    tool: 'gdk-pixbuf-query-loaders, gtk-query-immodules, gio-querymodules',
  },
  {
    path: /\/gconv\/gconv-modules\.cache$/,
    of: 'character set converters',
    effect: 'converters of the host are not found',
    tool: 'iconvconfig',
  },
  {
    path: /^\/usr\/share\/fonts\/(?:.+\/)?fonts\.(?:dir|scale)$|^\/usr\/share\/info\/dir$/,
    of: 'bitmap fonts or info pages',
    effect: 'those of the host are not listed',
    tool: 'mkfontdir, install-info',
  },
  {
    path: /^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)$/,
    of: 'the accounts',
    effect: 'users and groups of the host are missing',
    tool: 'systemd-sysusers',
    vital: true,
  },
  packages(/^\/usr\/(?:lib\/sysimage|share|lib)\/(?:rpm|dnf|zypp|pacman)\/.+/, 'rpm --rebuilddb'),
  packages(/^\/usr\/lib\/(?:dpkg|sysimage\/dpkg)\/(?:status|available)$/, 'dpkg'),
  packages(/^\/usr\/lib\/apk\/db\/(?:installed|scripts\.tar|triggers)$/, 'apk fix'),
];

export function uniqueIndexAt(path: string): UniqueIndex | undefined {
  return uniqueIndices.find(index => index.path.test(path));
}
