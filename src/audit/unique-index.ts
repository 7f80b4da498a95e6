/** A file that sums up all that is installed: of two, one is wrong, and which one is seen decides the order of layers. */
export interface UniqueIndex {
  /** Matched against the path. */
  readonly path: RegExp;
  /** What it sums up. */
  readonly of: string;
  /** What no longer works when a host's own is hidden. */
  readonly effect: string;
  /** The tool that makes it anew. */
  readonly tool: string;
  /** Without it the system itself may not start. */
  readonly vital?: true;
}

const packages = (path: RegExp, tool: string): UniqueIndex => ({
  path,
  of: 'the installed packages',
  effect: 'the package manager and all scanners take the host for another one',
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
    of: 'the libraries',
    effect: 'loaders no longer find what ldconfig found on the host',
    tool: 'ldconfig',
    vital: true,
  },
  {
    path: /^\/usr\/lib\/udev\/hwdb\.bin$/,
    of: 'the hardware database',
    effect: 'devices lose what the host knows of them',
    tool: 'systemd-hwdb update',
  },
  {
    path: /^\/usr\/lib\/systemd\/catalog\/database$|^\/usr\/lib\/locale\/locale-archive$/,
    of: 'message catalogs or locales',
    effect: 'texts and locales of the host are gone',
    tool: 'journalctl --update-catalog, localedef',
  },
  {
    path: /^\/usr\/share\/icons\/.+\/icon-theme\.cache$/,
    of: 'the icons of a theme',
    effect: 'icons of the host are not shown',
    tool: 'gtk-update-icon-cache',
  },
  {
    path: /^\/usr\/share\/mime\/(?:mime\.cache|aliases|generic-icons|globs2?|icons|magic|subclasses|treemagic|types|version|XMLnamespaces)$/,
    of: 'the MIME types',
    effect: 'types that the host knows are gone',
    tool: 'update-mime-database',
  },
  {
    path: /^\/usr\/share\/applications\/mimeinfo\.cache$/,
    of: 'which program opens which type',
    effect: 'files no longer open with the host’s programs',
    tool: 'update-desktop-database',
  },
  {
    path: /^\/usr\/share\/glib-2\.0\/schemas\/gschemas\.compiled$/,
    of: 'the settings of all GLib programs',
    effect: 'programs of the host end at once: a schema that is not installed is fatal to GSettings',
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
    effect: 'users and groups of the host are gone',
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
