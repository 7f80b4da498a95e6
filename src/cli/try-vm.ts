import { likelyType, type Tree } from '../audit/extension.ts';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { standardError } from '../io/standard-error.ts';
import { printableLines } from '../printable.ts';
import { vmText } from '../report/trial.ts';
import { trialEnvironment } from '../trial/run-trial.ts';
import { type Kernel, releaseIn } from '../trial/guest-kernel.ts';
import { type GuestExtension, tryInVm } from '../trial/vm-trial.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { fileReader } from '../view/file-reader.ts';
import { ownAsRoot } from '../view/owners.ts';
import { withTrees } from './audited-trees.ts';
import { diagnosticStyle } from './output.ts';
import { variables } from './trial-command.ts';

interface MachineTrial {
  /** The root as the user names it. */
  readonly vm: string;
  /** The directory with its files. */
  readonly directory: string;
  readonly kernel: string | undefined;
  readonly env: readonly string[];
  readonly places: readonly string[];
  readonly words: readonly string[];
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Boots the guest, runs the command, and prints its output and a report. Returns how it ended. Throws `FlixError`. */
export async function tryMachine(
  { vm, directory, ...request }: MachineTrial,
  messages: Progress,
): Promise<MachineResult> {
  const { kernel, env, places, words, quiet, verbose } = request;
  const extensions: GuestExtension[] = [];
  // unpacked images are removed once their names are known, so that a killed run leaves nothing
  await withTrees(places, trees => {
    extensions.push(...trees.map((tree, i) => guestExtension(tree, places[i]!)));
  });
  const plain = directoryView(directory, { label: vm, staged: true });
  messages.step(`booting ${vm}`);
  const outcome = await tryInVm(
    {
      guest: ownAsRoot(plain, process.getuid?.() ?? 0),
      kernel: kernel === undefined ? undefined : kernelAt(kernel),
      extensions,
      environment: { ...trialEnvironment(), ...variables(env) },
      command: words,
    },
    text =>
      verbose
        ? standardError().write(printableLines(text.replaceAll('\r', '')))
        : stepOfConsole(text, line => messages.step(line)),
  );
  messages.done();
  process.stdout.write(outcome.stdout);
  standardError().write(outcome.stderr);
  const expected = extensions.map(({ name }) => name);
  if (!quiet) standardError().write(vmText({ command: words, expected, ...outcome }, diagnosticStyle()));
  const isMerged = expected.every(name => outcome.merged.includes(name));
  return { isMerged, status: outcome.status, output: [outcome.stdout, outcome.stderr].map(printed).join('') };
}

function printed(output: Uint8Array): string {
  return Buffer.from(output).toString('utf8');
}

interface MachineResult {
  /** Whether systemd merged every extension. */
  readonly isMerged: boolean;
  /** The exit status of the command. */
  readonly status: number;
  /** The standard output of the command, followed by its standard error. */
  readonly output: string;
}

/** Reads an extension for the guest. Throws `FlixError` `versions` for a directory with versions of an image. */
function guestExtension({ name, view, image }: Tree, place: string): GuestExtension {
  const real = realPlace(place);
  const isFile = kindAt(real) === 'file';
  if (image !== undefined && !isFile)
    throw new FlixError(
      'input',
      'versions',
      `${place} is a directory with versions of ${name}`,
      'Name one of the images in it.',
    );
  return {
    name,
    type: likelyType(view),
    content: isFile ? { image: fileReader(real, place) } : { tree: view },
  };
}

/** Finds a kernel of this machine, and the root around it, which may have its modules. Throws `FlixError` `no-kernel`. */
function kernelAt(place: string): Kernel {
  const real = realPlace(place);
  if (kindAt(real) !== 'file')
    throw new FlixError(
      'input',
      'no-kernel',
      `${place} is not a file`,
      'Name a kernel, such as /boot/vmlinuz-…',
    );
  const release = releaseIn(real);
  const root = /^(.*?)(?:\/usr)?\/(?:boot|lib\/modules\/[^/]+)\/[^/]+$/.exec(real)?.[1];
  const around = directoryView(root === undefined || root === '' ? '/' : root, { label: place });
  return { path: root === undefined ? real : real.slice(root.length), around, release };
}

/** Shows the unit that systemd has started, if the console names one. */
function stepOfConsole(text: string, show: (line: string) => void): void {
  const started = /\[ {2}OK {2}\] ([^\r\n]{1,70})/.exec(text)?.[1];
  if (started !== undefined) show(`booting: ${started}`);
}
