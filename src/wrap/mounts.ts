import { join } from '../view/path.ts';
import type { Form, Mount } from './wrapping.ts';

/** What the view shows of the host, at the user's wish. */
export interface Bind {
  readonly host: string;
  readonly inside: string;
  readonly readOnly: boolean;
}

export interface ViewChoices {
  readonly form: Form;
  readonly prefix: string;
  /** Directories that the staged root keeps for itself, of `/etc /var /home /opt /usr/local`; others are the host's. */
  readonly own: readonly string[];
  /** In the order of the command line. */
  readonly binds: readonly Bind[];
  /** glibc: the prefix holds an `ld.so.cache`, which may be empty: glibc takes that for none (elf/dl-cache.c). */
  readonly cache: boolean;
}

/** What the host has in its root, for the chroot form; a directory before what lies in it. */
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

/** Without these no program is what it is outside. */
const REQUIRED = new Set(['/dev', '/proc', '/etc']);

/** The mounts that make the view, in order. All of them are made in the staged root, and then it is put in its place. */
export function mountsOf({ form, prefix, own, binds, cache }: ViewChoices): Mount[] {
  const fromHost = (directory: string): Mount => ({
    from: directory,
    to: prefix + directory,
    kind: 'rbind',
    ...(REQUIRED.has(directory) || form === 'overmount' ? {} : { optional: true }),
  });
  const asked = binds.map(({ host, inside, readOnly }): Mount => ({
    from: host,
    to: prefix + inside,
    kind: 'rbind',
    ...(readOnly ? { readOnly } : {}),
  }));
  const cacheMount = (to: string): Mount[] =>
    cache && !own.includes('/etc')
      ? [{ from: join(prefix, 'ld.so.cache'), to, kind: 'bind', ofCache: true }]
      : [];
  if (form === 'overmount')
    return [
      ...['/usr/local'].filter(directory => !own.includes(directory)).map(fromHost),
      ...asked,
      ...cacheMount('/etc/ld.so.cache'),
      { from: `${prefix}/usr`, to: '/usr', kind: 'rbind' },
    ];
  const shown = HOST_DIRECTORIES.filter(
    // the host's /var comes with its /var/tmp
    directory => !own.includes(directory) && (directory !== '/var/tmp' || own.includes('/var')),
  );
  return [
    // programs look for the mount of `/`
    { from: prefix, to: prefix, kind: 'rbind' },
    ...shown.map(fromHost),
    ...cacheMount(`${prefix}/etc/ld.so.cache`),
    ...asked,
  ];
}
