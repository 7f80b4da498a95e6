import { within } from '../../view/path.ts';

/** Directories whose files programs of the host read: they have to lie at their own place, and not in the view alone. */
const HOST_FACING = [
  '/usr/lib/binfmt.d',
  '/usr/lib/environment.d',
  '/usr/lib/firewalld',
  '/usr/lib/modprobe.d',
  '/usr/lib/modules-load.d',
  '/usr/lib/NetworkManager',
  '/usr/lib/sysctl.d',
  '/usr/lib/systemd',
  '/usr/lib/sysusers.d',
  '/usr/lib/tmpfiles.d',
  '/usr/lib/udev',
  '/usr/share/applications',
  '/usr/share/bash-completion',
  '/usr/share/dbus-1',
  '/usr/share/doc',
  '/usr/share/fish',
  '/usr/share/icons',
  '/usr/share/info',
  '/usr/share/man',
  '/usr/share/metainfo',
  '/usr/share/mime',
  '/usr/share/pixmaps',
  '/usr/share/polkit-1',
  '/usr/share/user-tmpfiles.d',
  '/usr/share/wayland-sessions',
  '/usr/share/xsessions',
  '/usr/share/zsh',
];

/** @param target in the tree, absolute */
export function isHostFacing(target: string): boolean {
  return HOST_FACING.some(directory => within(directory, target));
}
