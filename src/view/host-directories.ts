/** The directories of a host that contain programs, libraries and their configuration; the rest is data, devices and other mounts. */
export const softwareDirectories = [
  '/usr',
  '/opt',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc',
  '/srv',
] as const;

/** Names of the top-level directories over which an extension of each type is laid (systemd-sysext(8), UAPI.4). */
export const hierarchies = { sysext: ['usr', 'opt'], confext: ['etc'] } as const;

/** Directories of data, of which a profile records the entries but not what is below them. */
export const dataDirectories: readonly string[] = [
  '/var',
  '/var/cache',
  '/var/lib',
  '/var/log',
  '/var/spool',
];
