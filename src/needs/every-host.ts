import { basename, within } from '../view/path.ts';

/** Directories that programs of every host with systemd read. */
export const readByHosts: readonly string[] = [
  '/usr/lib/binfmt.d',
  '/usr/lib/environment.d',
  '/usr/lib/modprobe.d',
  '/usr/lib/modules-load.d',
  '/usr/lib/sysctl.d',
  '/usr/lib/systemd',
  '/usr/lib/sysusers.d',
  '/usr/lib/tmpfiles.d',
  '/usr/lib/udev',
  '/usr/share/applications',
  '/usr/share/bash-completion',
  '/usr/share/dbus-1',
  '/usr/share/doc',
  '/usr/share/icons',
  '/usr/share/info',
  '/usr/share/man',
  '/usr/share/mime',
  '/usr/share/pixmaps',
  '/usr/share/polkit-1',
];

/** Other directories that every host fills. */
const FILLED_BY_HOST = [
  '/usr/lib/firmware',
  // the locale that systemd itself starts with (LANG of PID 1), in the main package of glibc since 2.35
  '/usr/lib/locale/C.utf8',
  '/usr/lib/locale/C.UTF-8', // as Debian called it before
  '/usr/lib/modules',
  '/usr/lib/os-release',
  '/usr/lib/polkit-1',
  '/usr/share/fonts',
  '/usr/share/zoneinfo',
];

/** Programs that every host has and every shell script counts on. */
export const shellCommands: readonly string[] = (
  'env awk grep egrep fgrep sed find xargs kill ' +
  'basename cat chgrp chmod chown cp cut date dd df dirname du echo expr false head hostname id install ln ls md5sum ' +
  'mkdir mkfifo mknod mktemp mv nice nohup od printenv printf pwd readlink realpath rm rmdir seq sha256sum sleep sort ' +
  'nologin stat stty sync tail tee test timeout touch tr true tty uname uniq wc who whoami ['
).split(' ');

/** Programs of the service manager, which are useless on another system. */
const MANAGER: ReadonlySet<string> = new Set(
  (
    'init telinit halt poweroff reboot runlevel shutdown systemctl journalctl loginctl udevadm ' +
    'systemd-tmpfiles systemd-sysusers systemd-run systemd-notify systemd-cat'
  ).split(' '),
);

/** Programs that every host has: also the shell, and those that systemd and its units call. */
const PROGRAMS: ReadonlySet<string> = new Set([
  ...shellCommands,
  ...MANAGER,
  ...'sh bash mount umount modprobe kmod login su logger flock setsid nsenter unshare'.split(' '),
]);

/** Whether every host has a file or directory, or programs do without it. @param path in its place below /usr */
export function isOfEveryHost(path: string): boolean {
  return (
    [...readByHosts, ...FILLED_BY_HOST].some(directory => within(directory, path)) ||
    isProgramOfEveryHost(path)
  );
}

/**
 * What a host keeps in /etc for all of its programs. A copy in a tree would become outdated, and would hide what an
 * administrator added: a certificate authority, a time zone, a setting of OpenSSL.
 */
const KEPT_IN_ETC = [
  '/etc/ca-certificates',
  '/etc/environment',
  '/etc/hosts',
  '/etc/localtime',
  '/etc/machine-id',
  '/etc/pki',
  '/etc/resolv.conf',
  '/etc/ssl',
];

/**
 * Configuration that the base programs of every host read: those of the C library, shadow, PAM, audit, the shells, the file
 * systems and the service manager. Files of another root would change what these programs do, so a host keeps its own
 * configuration, or none.
 */
const POLICY = [
  '/etc/audit',
  '/etc/bash.bashrc',
  '/etc/dbus-1',
  '/etc/default',
  '/etc/gai.conf',
  '/etc/host.conf',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/libaudit.conf',
  '/etc/login.defs',
  '/etc/mke2fs.conf',
  '/etc/modprobe.d',
  '/etc/modules-load.d',
  '/etc/nsswitch.conf',
  '/etc/pam.conf',
  '/etc/pam.d',
  '/etc/polkit-1',
  '/etc/profile',
  '/etc/profile.d',
  '/etc/security',
  '/etc/selinux',
  '/etc/sysctl.conf',
  '/etc/sysctl.d',
  '/etc/systemd',
  '/etc/tmpfiles.d',
  '/etc/udev',
  '/etc/xattr.conf',
  '/etc/xdg',
];

/** Whether a path of /etc is configuration of the host's own programs, which no default may change. */
export function isPolicyOfHost(path: string): boolean {
  return POLICY.some(place => within(place, path));
}

/** Whether a path of /etc is state that every program of a host shares. */
export function isKeptByHost(path: string): boolean {
  return KEPT_IN_ETC.some(place => within(place, path));
}

/** Whether a path is that of a program of the service manager, which no extension brings. */
export function isOfServiceManager(path: string): boolean {
  return IN_BIN.test(path) && MANAGER.has(basename(path));
}

const IN_BIN = /^(?:\/usr)?\/s?bin\/[^/]+$/;

/** Whether a path is that of a program that every host has. @param path in its place below /usr */
export function isProgramOfEveryHost(path: string): boolean {
  return IN_BIN.test(path) && PROGRAMS.has(basename(path));
}
