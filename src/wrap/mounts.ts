import { join, within } from '../view/path.ts';
import type { Form, Mount, Wrapping } from './wrapping.ts';

/** A directory or file of the host that the user lets the view show. */
export interface Bind {
  readonly host: string;
  readonly inside: string;
  readonly readOnly: boolean;
}

export interface ViewChoices {
  readonly form: Form;
  readonly prefix: string;
  /** Those of `/etc /var /home /opt /usr/local` that come from the staged root; the others are the host's. */
  readonly own: readonly string[];
  /** In the order of the command line. */
  readonly binds: readonly Bind[];
  /** glibc: the prefix has an `ld.so.cache`; glibc ignores an empty one (elf/dl-cache.c). */
  readonly cache: boolean;
  /** Whether links in the staged root lead to libraries of the host. */
  readonly hostsUsr?: boolean;
}

/** Where the view shows the whole /usr of the host, if links lead there. */
export const HOSTS_USR = '/usr/.usr-of-host';

/** Directories of the host that the chroot form shows, parents first. */
const HOST_DIRECTORIES = [
  '/etc',
  '/var',
  '/dev',
  '/proc',
  '/sys',
  '/run',
  '/tmp',
  '/var/tmp',
  '/home',
  '/root',
  '/mnt',
  '/media',
  '/srv',
  '/opt',
];

/**
 * Returns the directories of the host that the chroot form binds into the staged root.
 * @param own directories that come from the staged root
 */
export function hostDirectories(own: readonly string[]): string[] {
  return HOST_DIRECTORIES.filter(
    // the host's /var comes with its /var/tmp
    directory => !own.includes(directory) && (directory !== '/var/tmp' || own.includes('/var')),
  );
}

/** Data of the host to which links in its /etc lead: those of /etc/localtime, and of /etc/ssl/certs on Debian. */
const DATA_OF_ETC = ['/usr/share/zoneinfo', '/usr/share/ca-certificates'];

/** What hosts keep for all programs, whatever their libraries: the modules of their kernel, which modprobe loads, and fonts. */
const DATA_OF_HOST = ['/usr/lib/modules', '/usr/share/fonts'];

/**
 * Returns the directories in the host's /usr that the view shows if the host has them.
 * @param own directories that come from the staged root
 */
export function hostData(own: readonly string[]): string[] {
  return [...DATA_OF_HOST, ...(own.includes('/etc') ? [] : DATA_OF_ETC)];
}

/** Programs do not work without these. */
const REQUIRED = new Set(['/dev', '/proc', '/etc', '/usr/local']);

/** Returns the mounts that make up the view, in the order in which they are made. */
export function mountsOf({ form, prefix, own, binds, cache, hostsUsr = false }: ViewChoices): Mount[] {
  const fromHost = (directory: string): Mount => ({
    from: directory,
    to: prefix + directory,
    kind: 'rbind',
    ...(REQUIRED.has(directory) ? {} : { optional: true }),
  });
  const requested = binds.map(({ host, inside, readOnly }): Mount => ({
    from: host,
    to: prefix + inside,
    kind: 'rbind',
    ...(readOnly ? { readOnly } : {}),
  }));
  const cacheMount = (to: string): Mount[] =>
    cache && !own.includes('/etc')
      ? [{ from: join(prefix, 'ld.so.cache'), to, kind: 'bind', ofCache: true }]
      : [];
  const bridge: Mount[] = hostsUsr ? [{ from: '/usr', to: prefix + HOSTS_USR, kind: 'rbind' }] : [];
  if (form === 'overmount')
    return [
      ...bridge,
      ...['/usr/local'].filter(directory => !own.includes(directory)).map(fromHost),
      ...hostData(own).map(fromHost),
      ...requested,
      ...cacheMount('/etc/ld.so.cache'),
      { from: `${prefix}/usr`, to: '/usr', kind: 'rbind' },
    ];
  return [
    // programs look up the mount of `/`
    { from: prefix, to: prefix, kind: 'rbind' },
    ...bridge,
    ...hostDirectories(own).map(fromHost),
    ...hostData(own).map(fromHost),
    ...cacheMount(`${prefix}/etc/ld.so.cache`),
    ...requested,
  ];
}

/** A mount with its path inside the view, for systemd and bwrap, which take sources as host paths. */
export interface InsideMount {
  readonly from: string;
  readonly at: string;
  readonly readOnly: boolean;
  readonly optional: boolean;
  readonly ofCache: boolean;
}

/** Returns the mounts, that of the staged root first, since the others lie in it. */
export function insideMounts({ form, prefix, mounts }: Wrapping): InsideMount[] {
  const [outside, inside] = form === 'overmount' ? [`${prefix}/usr`, '/usr'] : [prefix, ''];
  const at = ({ from, to }: Mount) => {
    if (from === outside) return inside || '/';
    return within(outside, to) ? inside + to.slice(outside.length) : to;
  };
  const seen = mounts.map(mount => ({
    from: mount.from,
    at: at(mount),
    readOnly: mount.readOnly ?? false,
    optional: mount.optional ?? false,
    ofCache: mount.ofCache ?? false,
  }));
  return [...seen.filter(({ from }) => from === outside), ...seen.filter(({ from }) => from !== outside)];
}

/** Tables in the prefix. The second is for hosts without `/etc/ld.so.cache`: `nofail` covers only missing sources. */
export const TABLE = 'fstab';
export const TABLE_WITHOUT_CACHE = 'fstab.no-cache';

/** Returns the tables: content by file name. */
export function mountTables(mounts: readonly Mount[]): ReadonlyMap<string, string> {
  const without = mounts.filter(mount => !mount.ofCache);
  const tables = new Map([[TABLE, mountTable(mounts)]]);
  if (without.length < mounts.length) tables.set(TABLE_WITHOUT_CACHE, mountTable(without));
  return tables;
}

/** Returns the mounts as fstab(5), for `mount -a -T`. */
export function mountTable(mounts: readonly Mount[]): string {
  return mounts.map(line).join('');
}

function line({ from, to, kind, readOnly, optional }: Mount): string {
  const options = [kind, ...(readOnly ? ['ro'] : []), ...(optional ? ['nofail'] : [])];
  return `${escape(from)} ${escape(to)} none ${options.join(',')} 0 0\n`;
}

/** Escapes a field: in libmount, blanks end it, a `#` at its start begins a comment, and octal escapes are decoded. */
function escape(path: string): string {
  return path.replaceAll(/[\s\\#"']/g, character => {
    const bytes = [...Buffer.from(character)];
    return bytes.map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  });
}
