import { basename, within } from '../path.ts';

/** Files whose contents audits need; of all other files a profile has only names, sizes and digests. */
const DIRECTORIES = [
  '/etc/dbus-1',
  '/etc/ld.so.conf.d',
  '/etc/pam.d',
  '/etc/selinux/config',
  '/etc/systemd',
  '/etc/sysusers.d',
  '/etc/tmpfiles.d',
  '/etc/udev',
  '/etc/userdb',
  '/lib/systemd',
  '/usr/etc/pam.d',
  '/usr/lib/extension-release.d',
  '/usr/lib/pam.d',
  '/usr/lib/systemd',
  '/usr/lib/sysusers.d',
  '/usr/lib/tmpfiles.d',
  '/usr/lib/udev/rules.d',
  '/usr/lib/userdb',
  '/usr/local/lib/systemd',
  '/usr/share/dbus-1/system.d',
];

const FILES = new Set([
  '/etc/.systemd-confext/confexts',
  '/etc/environment',
  '/etc/fstab',
  '/etc/group',
  '/etc/initrd-release',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.preload',
  '/etc/nsswitch.conf',
  '/etc/os-release',
  '/etc/pam.conf',
  '/etc/passwd',
  '/opt/.systemd-sysext/extensions',
  '/usr/.systemd-sysext/extensions',
  '/usr/etc/selinux/config',
  '/usr/lib/group',
  '/usr/lib/initrd-release',
  '/usr/lib/os-release',
  '/usr/lib/passwd',
]);

/** Configuration of loaders, wherever a distribution keeps it, certificates for signed images, and labels of SELinux policies. */
const ELSEWHERE =
  /\/ld\.so\.conf(?:\.d\/[^/]+)?$|^\/etc\/ld-musl-[^/]+\.path$|\/verity\.d\/[^/]+$|\/etc\/selinux\/[^/]+\/contexts\/files\/file_contexts(?:\.(?:homedirs|local|subs|subs_dist))?$/;
/** Programs in whose bytes an audit finds their version. */
const TOLD_BY_BYTES = /^\/usr\/(?:s?bin)\/(?:unshare|mount)$/;
/** Larger files below `DIRECTORIES` are not configuration. */
const MAX_TEXT = 1024 * 1024;
/** find-loader.ts does not consider larger files to be loaders. */
const MAX_LOADER = 16 * 1024 * 1024;

/**
 * Returns whether a profile contains the file as a whole.
 *
 * @param path real
 * @param sizeOf returns the size in bytes; called only for the few files whose path qualifies
 * @param isWanted whether the file is a loader, or the target of a link that is configuration
 */
export function isKept(path: string, sizeOf: () => number, isWanted: boolean): boolean {
  if (isWanted || FILES.has(path)) return sizeOf() <= MAX_LOADER;
  return (TOLD_BY_BYTES.test(path) || isConfiguration(path)) && sizeOf() <= MAX_TEXT;
}

/** Returns whether audits read the file that a path names, which may be a link to a file elsewhere. */
export function isConfiguration(path: string): boolean {
  if (FILES.has(path) || ELSEWHERE.test(path)) return true;
  return !isBinary(path) && DIRECTORIES.some(directory => within(directory, path));
}

/** systemd keeps generators and daemons beside its units; for these, sizes and digests suffice. */
function isBinary(path: string): boolean {
  return (
    /^(?:\/usr)?\/lib\/systemd\/(?:[^/]+(?<!\.conf)$|[^/]+-(?:generators?|shutdown|sleep|environment-generators)\/|boot\/|catalog\/)/.test(
      path,
    ) || /\.so(?:\.\d+)*$/.test(basename(path))
  );
}
