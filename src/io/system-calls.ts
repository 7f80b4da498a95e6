/**
 * A filter of system calls for confined programs (seccomp(2), in the form that “setpriv --seccomp-filter” reads). It refuses
 * what no loader calls and what attacks on the kernel begin with; the program is confined without it, too.
 */

/** Refused system calls, with their numbers on x86-64, i386 and the machines of the common table (asm-generic/unistd.h). */
export const refusedCalls: readonly (readonly [
  name: string,
  x86_64: number,
  i386: number,
  generic: number,
])[] = [
  ['ptrace', 101, 26, 117],
  ['process_vm_readv', 310, 347, 270],
  ['process_vm_writev', 311, 348, 271],
  ['kcmp', 312, 349, 272],
  ['pidfd_getfd', 438, 438, 438],
  ['socket', 41, 359, 198],
  ['socketpair', 53, 360, 199],
  ['mount', 165, 21, 40],
  ['umount2', 166, 52, 39],
  ['pivot_root', 155, 217, 41],
  ['setns', 308, 346, 268],
  ['open_tree', 428, 428, 428],
  ['move_mount', 429, 429, 429],
  ['fsopen', 430, 430, 430],
  ['fsconfig', 431, 431, 431],
  ['fsmount', 432, 432, 432],
  ['fspick', 433, 433, 433],
  ['mount_setattr', 442, 442, 442],
  ['name_to_handle_at', 303, 341, 264],
  ['open_by_handle_at', 304, 342, 265],
  ['quotactl', 179, 131, 60],
  ['acct', 163, 51, 89],
  ['swapon', 167, 87, 224],
  ['swapoff', 168, 115, 225],
  ['reboot', 169, 88, 142],
  ['kexec_load', 246, 283, 104],
  ['init_module', 175, 128, 105],
  ['finit_module', 313, 350, 273],
  ['delete_module', 176, 129, 106],
  ['bpf', 321, 357, 280],
  ['perf_event_open', 298, 336, 241],
  ['fanotify_init', 300, 338, 262],
  ['userfaultfd', 323, 374, 282],
  ['io_uring_setup', 425, 425, 425],
  ['io_uring_enter', 426, 426, 426],
  ['io_uring_register', 427, 427, 427],
  ['add_key', 248, 286, 217],
  ['request_key', 249, 287, 218],
  ['keyctl', 250, 288, 219],
  ['settimeofday', 164, 79, 170],
  ['adjtimex', 159, 124, 171],
  ['clock_settime', 227, 264, 112],
  ['clock_adjtime', 305, 343, 266],
];

/** Numbers that a kernel gives its machines (linux/audit.h); what it runs for another one is not filtered. */
const MACHINES = { x86_64: 0xc000003e, i386: 0x40000003, aarch64: 0xc00000b7, riscv64: 0xc00000f3 } as const;
/** On i386, one call for all operations on sockets. */
const SOCKETCALL = 102;
/** On x86-64, numbers from here on are those of x32 (linux arch/x86/include/uapi/asm/unistd.h). */
const X32 = 0x40000000;

/** linux/bpf_common.h: load a word of the data; jump if it equals a constant, or is no less; return a constant. */
const [LOAD, IF_EQUAL, IF_NOT_LESS, RETURN] = [0x20, 0x15, 0x35, 0x06];
/** Offsets in struct seccomp_data. */
const [CALL, MACHINE] = [0, 4];
const ALLOW = 0x7fff0000;
/** SECCOMP_RET_ERRNO with EPERM. */
const REFUSE = 0x00050001;

/** Returns the program of the filter: instructions of struct sock_filter, in the byte order of this machine. */
export function systemCallFilter(): Buffer {
  const blocks = [
    block(
      MACHINES.x86_64,
      refusedCalls.map(([, number]) => number),
      X32,
    ),
    block(MACHINES.i386, [...refusedCalls.map(([, , number]) => number), SOCKETCALL]),
    ...[MACHINES.aarch64, MACHINES.riscv64].map(machine =>
      block(
        machine,
        refusedCalls.map(([, , , number]) => number),
      ),
    ),
  ];
  return assembled([...blocks.flat(), instruction(RETURN, ALLOW)]);
}

interface Instruction {
  readonly code: number;
  readonly value: number;
  /** How many instructions to skip if the condition is true, or false. */
  readonly ifTrue: number;
  readonly ifFalse: number;
}

function instruction(code: number, value: number, ifTrue = 0, ifFalse = 0): Instruction {
  return { code, value, ifTrue, ifFalse };
}

/** Decides on all calls of one machine; another machine goes on behind it. @param limit the first number that is refused with all above */
function block(machine: number, numbers: readonly number[], limit?: number): Instruction[] {
  const tests = [
    ...(limit === undefined ? [] : [instruction(IF_NOT_LESS, limit)]),
    ...numbers.map(number => instruction(IF_EQUAL, number)),
  ];
  // behind the tests: allow, refuse
  const jumps = tests.map((test, index) => ({ ...test, ifTrue: tests.length - index }));
  return [
    instruction(LOAD, MACHINE),
    instruction(IF_EQUAL, machine, 0, tests.length + 3),
    instruction(LOAD, CALL),
    ...jumps,
    instruction(RETURN, ALLOW),
    instruction(RETURN, REFUSE),
  ];
}

const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function assembled(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, value, ifTrue, ifFalse }] of program.entries()) {
    const at = index * 8;
    if (IS_LITTLE) bytes.writeUInt16LE(code, at);
    else bytes.writeUInt16BE(code, at);
    bytes.writeUInt8(ifTrue, at + 2);
    bytes.writeUInt8(ifFalse, at + 3);
    if (IS_LITTLE) bytes.writeUInt32LE(value, at + 4);
    else bytes.writeUInt32BE(value, at + 4);
  }
  return bytes;
}
