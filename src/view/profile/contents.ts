import { basename, within } from '../path.ts';

/** Files that audits read for what they say; all else of a host is known by its name, size and digest. */
const DIRECTORIES = [
  '/etc/dbus-1',
  '/etc/ld.so.conf.d',
  '/etc/selinux/config',
  '/etc/systemd',
  '/etc/sysusers.d',
  '/etc/tmpfiles.d',
  '/etc/udev',
  '/etc/userdb',
  '/usr/lib/extension-release.d',
  '/usr/lib/systemd',
  '/usr/lib/sysusers.d',
  '/usr/lib/tmpfiles.d',
  '/usr/lib/udev/rules.d',
  '/usr/lib/userdb',
  '/usr/local/lib/systemd',
  '/usr/share/dbus-1/system.d',
];

const FILES = new Set([
  '/etc/environment',
  '/etc/fstab',
  '/etc/group',
  '/etc/initrd-release',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.preload',
  '/etc/nsswitch.conf',
  '/etc/os-release',
  '/etc/passwd',
  '/usr/etc/selinux/config',
  '/usr/lib/group',
  '/usr/lib/initrd-release',
  '/usr/lib/os-release',
  '/usr/lib/passwd',
]);

/** Configurations of loaders below /usr and /etc, wherever a distribution has them; certificates that sign images. */
const ELSEWHERE = /\/ld\.so\.conf(?:\.d\/[^/]+)?$|^\/etc\/ld-musl-[^/]+\.path$|\/verity\.d\/[^/]+$/;
/** In them an audit finds the version that they would print. */
const TOLD_BY_BYTES = /^\/usr\/(?:s?bin)\/(?:unshare|mount)$/;
/** What is larger is no configuration. */
const MAX_TEXT = 1024 * 1024;
/** find-loader.ts takes nothing larger for a loader. */
const MAX_LOADER = 16 * 1024 * 1024;

/** @param path real */
export function isKept(path: string, size: number, isLoader: boolean): boolean {
  if (isLoader || path === '/etc/ld.so.cache') return size <= MAX_LOADER;
  if (size > MAX_TEXT) return false;
  if (TOLD_BY_BYTES.test(path) || FILES.has(path) || ELSEWHERE.test(path)) return true;
  return !isBinary(path) && DIRECTORIES.some(directory => within(directory, path));
}

/** Generators and daemons of systemd lie beside its units; their sizes and digests do. */
function isBinary(path: string): boolean {
  return (
    /^\/usr\/lib\/systemd\/(?:[^/]+$|[^/]+-(?:generators?|shutdown|sleep|environment-generators)\/|boot\/|catalog\/)/.test(
      path,
    ) || basename(path).includes('.so')
  );
}
