import { EM_X86_64 } from '../elf/constants.ts';
import { bytesReader, type Reader } from '../elf/reader.ts';
import { FlixError } from '../errors.ts';
import { KERNEL_OPTIONS, type MachineRun, runMachine } from '../io/machine.ts';
import { bytesOf, sizeOf, withNamelessFiles } from '../io/nameless-files.ts';
import { extensionRules, type ExtensionType } from '../systemd/extension-type.ts';
import { follow } from '../view/follow.ts';
import { isProgramAt, objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { indexOf, type Kernel, kernelOf, moduleEntries, type ModuleIndex } from './guest-kernel.ts';
import { type GuestAnswer, type GuestCommand, guestFiles, readAnswer } from './guest-script.ts';
import { Initramfs, piecesOf } from './initramfs.ts';

/** An extension for the guest: an unchanged image, or a tree. */
export interface GuestExtension {
  /** Its name in /var/lib/extensions, without `.raw`. */
  readonly name: string;
  readonly type: ExtensionType;
  readonly content: { readonly image: Reader } | { readonly tree: View };
}

export interface VmRequest extends GuestCommand {
  /** A root with systemd, and with a kernel unless one is named. */
  readonly guest: View;
  /** Default: that of the guest. */
  readonly kernel: Kernel | undefined;
  readonly extensions: readonly GuestExtension[];
}

export interface VmOutcome extends GuestAnswer {
  /** The path of the kernel that was booted. */
  readonly kernel: string;
  readonly emulated: boolean;
  /** Files of the guest’s root that this user may not read, so that they were missing. */
  readonly unreadable: readonly string[];
}

/** Long enough for a busy computer without KVM, which takes several minutes; only a machine that hangs reaches it. */
const LIMIT_MS = 2_400_000;
/** x86 kernels take an initramfs below 2 GiB (`initrd_addr_max`, Documentation/arch/x86/boot.rst). */
const MAX_BYTES = 1_900_000_000;
const MIB = 1_048_576;
/** Directories of the guest whose contents the running system makes itself or does not need. */
const LEFT_OUT = ['/proc', '/sys', '/dev', '/run', '/tmp', '/boot', '/var/cache/apt', '/var/lib/apt/lists'];
/**
 * Merges extensions and runs the command during the boot, without the questions of a first boot, the disks of the guest's
 * fstab and a login prompt (kernel-command-line(7), systemd-fstab-generator(8) and systemd-debug-generator(8) of systemd).
 */
const COMMAND_LINE = [
  ...KERNEL_OPTIONS,
  'rdinit=/sbin/init',
  'systemd.unit=multi-user.target',
  'systemd.wants=systemd-sysext.service',
  'systemd.wants=systemd-confext.service',
  'systemd.wants=flix-trial.service',
  'systemd.firstboot=no',
  'systemd.getty_auto=no',
  'systemd.log_color=no',
  'fstab=no',
  'audit=0',
].join(' ');

/**
 * Boots the guest with the extensions in place, and runs a command when it has started. The machine has no disk and no
 * network: the root and the extensions are unpacked into its memory. Throws `FlixError` `no-kernel`, `no-systemd`, `guest-machine`, `guest-too-large`,
 * `not-booted`, and those of `runMachine`.
 *
 * @param onConsole gets what the machine writes to its console
 */
export async function tryInVm(request: VmRequest, onConsole: (text: string) => void): Promise<VmOutcome> {
  const { guest } = request;
  checkGuest(guest);
  const kernel = request.kernel ?? kernelOf(guest);
  const index = await indexOf(kernel);
  const file = kernel.around.open(kernel.path);
  try {
    const archive = new Initramfs();
    const archived = contents(archive, { ...request, kernel, index });
    return await withNamelessFiles([piecesOf(file), archived, []], async files => {
      const [image, initrd, port] = files as [number, number, number];
      const size = sizeOf(initrd);
      if (size > MAX_BYTES)
        throw new FlixError(
          'input',
          'guest-too-large',
          `${guest.label} has ${Math.round(size / 1e6)} MB, but a virtual machine can unpack only ${MAX_BYTES / 1e6} MB into its memory`,
          'Name a smaller root, for example that of:\nflix stage debian:trixie --include systemd-sysv,udev,dbus,kmod,linux-image-cloud-amd64 -o guest',
        );
      let answer: GuestAnswer | undefined;
      const runs = await runMachine(
        {
          tool: 'qemu-system-x86_64',
          kernel: image,
          initrd,
          append: COMMAND_LINE,
          // the archive, its files, which may take half of the memory, and room to work
          memory: 768 + Math.ceil((2.2 * size) / MIB),
          port,
          limitMs: LIMIT_MS,
        },
        () => (answer = readAnswer(bytesOf(port))) !== undefined,
        onConsole,
      );
      if (answer === undefined) throw notBooted(guest, runs);
      const emulated = runs.at(-1)!.accelerator === 'tcg';
      return { ...answer, kernel: kernel.path, emulated, unreadable: archive.unreadable };
    });
  } finally {
    file.close();
  }
}

/** Refuses a guest that cannot run systemd as process 1. */
function checkGuest(guest: View): void {
  const init = follow(guest, '/sbin/init').path;
  if (init === undefined || !isProgramAt(guest, init) || !/systemd/.test(init))
    throw new FlixError(
      'input',
      'no-systemd',
      `${guest.label} has no systemd as /sbin/init`,
      'Install it in the root; on Debian, it is in the package systemd-sysv.',
    );
  const { facts } = objectAt(guest, init);
  if (facts?.header.machine !== EM_X86_64)
    throw new FlixError(
      'input',
      'guest-machine',
      `the programs of ${guest.label} are not for x86-64, the only machine that flix can boot`,
      'Run the command with “flix try --host”, which needs qemu-user for that architecture.',
    );
}

interface Contents extends VmRequest {
  readonly kernel: Kernel;
  readonly index: ModuleIndex;
}

/** Writes the root of the machine: the guest, its modules, the extensions, and the files that run the command. */
function* contents(archive: Initramfs, request: Contents): Generator<Uint8Array> {
  const { guest, extensions, kernel, index } = request;
  yield* archive.tree(guest, '', path => LEFT_OUT.some(directory => path.startsWith(`${directory}/`)));
  yield* moduleEntries(archive, guest, kernel, index);
  for (const { name, type, content } of extensions) {
    const to = `${type === 'sysext' ? '/var/lib/extensions' : extensionRules.confext.activated}/${name}`;
    if ('image' in content) yield* archive.addedFile(`${to}.raw`, content.image);
    else {
      yield* archive.addedDirectory(to);
      yield* archive.tree(content.tree, to);
    }
  }
  for (const [path, text] of Object.entries(guestFiles(request)))
    yield* archive.addedFile(path, bytesReader(Buffer.from(text)));
  yield* archive.end();
}

function notBooted(guest: View, runs: readonly MachineRun[]): FlixError {
  const words = runs.map(({ accelerator, end, console }) =>
    [
      `with ${accelerator === 'kvm' ? 'KVM' : 'emulation'}, ${end}`,
      ...(console === '' ? [] : ['the end of its console:', console]),
    ].join('\n'),
  );
  return new FlixError(
    'missing',
    'not-booted',
    `${guest.label} did not start as a virtual machine, or did not finish the command\n${words.join('\n')}`,
    'Look at the end of the console for the cause. -v prints all of it.',
  );
}
