import { basename, within } from '../view/path.ts';

/** Directories that programs of the host read or fill, and that every host with systemd has. */
const DIRECTORIES = [
  '/usr/lib/binfmt.d',
  '/usr/lib/environment.d',
  '/usr/lib/firmware',
  '/usr/lib/modprobe.d',
  '/usr/lib/modules',
  '/usr/lib/modules-load.d',
  '/usr/lib/os-release',
  '/usr/lib/sysctl.d',
  '/usr/lib/polkit-1',
  '/usr/lib/systemd',
  '/usr/lib/sysusers.d',
  '/usr/lib/tmpfiles.d',
  '/usr/lib/udev',
  '/usr/share/applications',
  '/usr/share/bash-completion',
  '/usr/share/dbus-1',
  '/usr/share/doc',
  '/usr/share/fonts',
  '/usr/share/icons',
  '/usr/share/info',
  '/usr/share/man',
  '/usr/share/mime',
  '/usr/share/pixmaps',
  '/usr/share/polkit-1',
  '/usr/share/zoneinfo',
];

/** The shell, coreutils, and what systemd and its units call. */
const PROGRAMS: ReadonlySet<string> = new Set(
  (
    'sh bash env awk grep egrep fgrep sed find xargs mount umount modprobe kmod systemctl journalctl udevadm login su ' +
    'systemd-tmpfiles systemd-sysusers systemd-run systemd-notify systemd-cat logger flock setsid nsenter unshare kill ' +
    'basename cat chgrp chmod chown cp cut date dd df dirname du echo expr false head hostname id install ln ls md5sum ' +
    'mkdir mkfifo mknod mktemp mv nice nohup od printenv printf pwd readlink realpath rm rmdir seq sha256sum sleep sort ' +
    'stat stty sync tail tee test timeout touch tr true tty uname uniq wc who whoami ['
  ).split(' '),
);

/** Whether every host has a file or directory, or programs do without it. @param path in its place below /usr */
export function isOfEveryHost(path: string): boolean {
  return (
    DIRECTORIES.some(directory => within(directory, path)) ||
    (/^(?:\/usr)?\/s?bin\/[^/]+$/.test(path) && PROGRAMS.has(basename(path)))
  );
}
