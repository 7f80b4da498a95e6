/** By their numbers (Linux include/uapi/linux/capability.h). */
const NAMES =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service ' +
  'net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin ' +
  'sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override ' +
  'mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore';
const names = NAMES.split(' ').map(name => `cap_${name}`);

const SIZE_64 = 20;
const WORD = 4;

/**
 * What whoever starts a file may do because of its `security.capability` (vfs_cap_data): `cap_net_raw`. Bits without a
 * name are told by their number.
 */
export function permittedCapabilities(attribute: Buffer): string[] {
  // little-endian: magic, then permitted and inheritable, and both once more for the higher bits
  const words = attribute.length >= SIZE_64 ? [WORD, 3 * WORD] : attribute.length >= 3 * WORD ? [WORD] : [];
  return words.flatMap((at, high) => {
    const bits = attribute.readUInt32LE(at);
    const set = Array.from({ length: 32 }, (_, bit) => bit).filter(bit => ((bits >>> bit) & 1) === 1);
    return set.map(bit => names[bit + 32 * high] ?? `capability ${bit + 32 * high}`);
  });
}
