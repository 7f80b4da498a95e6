import { CAPABILITY } from '../../../view/attributes.ts';
import { defineEntryCheck } from '../../check.ts';

const SETUID = 0o4000;
const SETGID = 0o2000;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o002;

export const setuid = defineEntryCheck(
  'layout/setuid',
  {
    title: 'A file is setuid or setgid',
    means: 'A file of the extension has the setuid or setgid bit.',
    matters:
      'Every user of the host can run it as root, or as the user or group that has this number on the host. The loader ' +
      'of such a program ignores LD_LIBRARY_PATH and run paths that contain $ORIGIN, so it may load the host’s ' +
      'libraries instead of the extension’s own.',
    fix:
      'Clear the bit (chmod u-s,g-s). Give a program that needs privileges an AmbientCapabilities= line in its unit, ' +
      'or use polkit.',
  },
  ({ path, kind, stat: { mode, uid, gid } }) => {
    if (kind !== 'file' || (mode & (SETUID | SETGID)) === 0) return undefined;
    const [bit, owner] = (mode & SETUID) === 0 ? ['setgid', `group ${gid}`] : ['setuid', `user ${uid}`];
    return {
      message: `${path} is ${bit}: it runs as ${owner}`,
      fix: `Run chmod u-s,g-s ${path.slice(1)} in the tree, and give a program that needs privileges an AmbientCapabilities= line in its unit.`,
    };
  },
);

export const capability = defineEntryCheck(
  'layout/capability',
  {
    title: 'A file has capabilities',
    means:
      'A file of the extension has file capabilities (the extended attribute security.capability, see setcap(8)). ' +
      'flix reads them from an image directly, and from a directory with getfattr.',
    matters:
      'Every user of the host who runs the file gets these privileges; cap_net_admin, cap_sys_admin and ' +
      'cap_dac_override are hardly less than root. As with setuid, the loader ignores LD_LIBRARY_PATH and run paths ' +
      'that contain $ORIGIN.',
    fix:
      'Remove them (setcap -r); “flix pack” never copies capabilities into an image. Give a program that needs ' +
      'privileges an AmbientCapabilities= line in its unit.',
  },
  ({ extension, path, kind }) => {
    const attribute = kind === 'file' ? extension.attributes?.get(path)?.get(CAPABILITY) : undefined;
    /** As capabilities(7) calls them. */
    const capabilities: readonly string[] = attribute ? permittedCapabilities(attribute) : [];
    if (capabilities.length === 0) return undefined;
    return {
      capabilities,
      message: `${path} grants ${capabilities.join(', ')} to every user who runs it`,
      fix: `Run setcap -r ${path.slice(1)} in the tree, and give the program an AmbientCapabilities= line in its unit.`,
    };
  },
);

export const worldWritable = defineEntryCheck(
  'layout/world-writable',
  {
    title: 'A file is writable by everyone',
    means: 'A file, or a directory without the sticky bit, has write permission for all users.',
    matters:
      'The merged /usr is read-only by default, so this does no harm there. With a mutable merge (systemd-sysext ' +
      '--mutable=yes), in a copy of the tree, or on the build machine, any user can replace what others run.',
    fix: 'Remove the permission (chmod o-w).',
  },
  ({ path, kind, stat: { mode } }) => {
    if (kind === 'link' || kind === 'other' || (mode & OTHERS_WRITE) === 0) return undefined;
    if (kind === 'directory' && (mode & STICKY) !== 0) return undefined;
    return {
      message: `${path} is writable by every user (mode ${mode.toString(8)})`,
      fix: `Run chmod o-w ${path.slice(1)} in the tree.`,
    };
  },
);

export const foreignOwner = defineEntryCheck(
  'layout/owner',
  {
    title: 'A file is not owned by root',
    means:
      'Files of the extension are owned by a user or group other than root. An image stores numbers: the files belong ' +
      'to whichever user of the host has that number.',
    matters:
      'Number 1000 of the build machine is often the first human user of the host; number 101 is a different service ' +
      'on every distribution. Although the overlay is read-only, its owner can read files that others cannot, and a ' +
      'setgid bit grants that group.',
    fix:
      'Run chown -R 0:0 on the tree, or pack it with root as the owner of every file, as “flix pack” does. Files that a ' +
      'service must own belong in /var: let a tmpfiles.d line create them and name the user.',
  },
  ({ path, stat: { uid, gid } }) =>
    uid === 0 && gid === 0
      ? undefined
      : {
          culprit: `${uid}:${gid}`,
          message: `${path} belongs to user ${uid} and group ${gid}, whichever accounts these are on the host`,
          fix: 'Run chown -R 0:0 . in the tree, or pack it with “flix pack”, which makes root the owner of every file.',
        },
);

export const specialFile = defineEntryCheck(
  'layout/special-file',
  {
    title: 'A device, FIFO or socket',
    means:
      'The extension contains an entry that is not a file, directory or link. (A whiteout, a character device 0:0 that ' +
      'hides a file of the host, is not reported here.)',
    matters:
      'The kernel creates device nodes in /dev. A FIFO or socket in a read-only /usr is of no use, and a program that ' +
      'opens a FIFO by mistake waits forever.',
    fix: 'Leave it out. Let a tmpfiles.d line or a socket unit create what a service needs below /run.',
  },
  ({ path, kind, stat: { whiteout } }) =>
    kind !== 'other' || whiteout
      ? undefined
      : { message: `${path} is a device, FIFO or socket`, fix: 'Leave it out.' },
);

/** In the order of their numbers (Linux include/uapi/linux/capability.h). */
const NAMES =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service ' +
  'net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin ' +
  'sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override ' +
  'mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore';
const names = NAMES.split(' ').map(name => `cap_${name}`);

const SIZE_64 = 20;
const WORD = 4;

/**
 * Returns the capabilities, such as `cap_net_raw`, that a `security.capability` attribute (vfs_cap_data) grants. A bit
 * without a name gives its number.
 */
function permittedCapabilities(attribute: Buffer): string[] {
  // little-endian: magic, permitted, inheritable; the larger form repeats both for the higher bits
  const words = attribute.length >= SIZE_64 ? [WORD, 3 * WORD] : attribute.length >= 3 * WORD ? [WORD] : [];
  return words.flatMap((at, high) => {
    const bits = attribute.readUInt32LE(at);
    const set = Array.from({ length: 32 }, (_, bit) => bit).filter(bit => ((bits >>> bit) & 1) === 1);
    return set.map(bit => names[bit + 32 * high] ?? `capability ${bit + 32 * high}`);
  });
}
