import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { unpackImage } from '../image/image-view.ts';
import { withImage } from '../image/image.ts';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { checkFilePlace, publishBytes } from '../io/publish.ts';
import { standardError } from '../io/standard-error.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { type TrialResult, trialDocument, trialText } from '../report/trial.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import {
  runTrial,
  trialEnvironment,
  triedTree,
  type TriedTree,
  type TrialRequest,
} from '../trial/run-trial.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { expectationOf, statusFor } from './expectation.ts';
import { isGzip } from './host-view.ts';
import { addOptions, type OptionTable, optionValues } from './options.ts';
import { diagnosticStyle, jsonText, messagesOf } from './output.ts';
import { isSource, withStaged } from './staged-source.ts';
import { commandOptions, splitCommand, variables } from './trial-command.ts';
import { tryMachine } from './try-vm.ts';

const tryOptions = {
  host: {
    flags: '--host <root>',
    type: 'path',
    help: 'the root or image of the host over which the extensions are merged (default: /)',
  },
  vm: {
    flags: '--vm <root>',
    type: 'path',
    help: 'boot this root or image in a virtual machine with the extensions in place, and run the command there',
  },
  kernel: {
    flags: '--kernel <file>',
    type: 'path',
    help: 'with --vm: boot this kernel (default: the newest one that the root has)',
  },
  alone: {
    flags: '--alone',
    type: 'switch',
    help: 'run it in a root that contains nothing but the extensions',
    default: false,
  },
  staging: {
    flags: '--staging <dir>',
    type: 'paths',
    help: 'report what the command did not find although this root has it',
    default: [],
  },
  ...commandOptions,
  user: {
    flags: '--user <user>',
    type: 'text',
    help: 'run the command as root, or as the ordinary user with this number',
    default: 'root',
  },
  status: {
    flags: '--status <number>',
    type: 'text',
    help: 'exit with 0 if the command ends with this exit status, otherwise with 1',
  },
  prints: {
    flags: '--prints <pattern>',
    type: 'text',
    help: 'exit with 1 if the output of the command does not match this regular expression',
  },
  strict: {
    flags: '--strict',
    type: 'switch',
    help: 'exit with 1 if something is missing or a library of the host was loaded',
    default: false,
  },
  verbose: {
    flags: '-v, --verbose',
    type: 'switch',
    help: 'print every step, and every tool that runs; with --vm: also the console of the machine',
    default: false,
  },
  quiet: {
    flags: '-q, --quiet',
    type: 'switch',
    help: 'print no report; the exit status, --strict and --report tell',
    default: false,
  },
} as const satisfies OptionTable;

export function tryCommand(): Command {
  const command = createCommand('try')
    .usage('[options] <tree...> -- <command> [argument...]')
    .description(
      'Runs a command in a throwaway root in which extensions are merged over a host, and reports on standard error which ' +
        'files it did not find, and which files of the host it used. Nothing is changed on disk.',
    )
    .argument('<tree...>', 'directories or images of extensions; the first one wins');
  return addOptions(command, tryOptions)
    .addHelpText(
      'after',
      `
Examples:
  flix try ./btop --host ./host-root --staging ./debian-root -- btop --version
  flix try ./haproxy.raw --vm ./guest-root -- systemctl is-active haproxy

Exit status: that of the command (with --status: 0); 1 if the exit status or the output is not the expected one, or --strict
finds something; 2 for bad input; 3 if the root cannot be made, the machine does not start or does not merge an extension,
or the command cannot be started.`,
    )
    .action(async (operands: string[]) => {
      const { places, words } = splitCommand(operands, 'flix try TREE… -- COMMAND [ARGUMENT…]');
      const { report, quiet, strict, ...options } = optionValues(command, tryOptions);
      if (options.alone && options.host !== undefined)
        throw new FlixError(
          'input',
          'alone-with-host',
          '--alone and --host contradict each other',
          'Leave one out.',
        );
      const messages = messagesOf({ quiet, verbose: options.verbose });
      if (options.vm !== undefined) {
        refuseWithVm(command);
        const { vm, kernel, env, verbose } = options;
        const expected = expectationOf(options);
        await withDirectories([vm], async ([directory]) => {
          const request = { vm, directory: directory!, kernel, env, places, words, quiet, verbose };
          const { isMerged, status, output } = await tryMachine(request, messages);
          process.exitCode = isMerged ? statusFor(expected, status, output) : EXIT.missing;
        });
        return;
      }
      if (options.kernel !== undefined)
        throw new FlixError('input', 'usage', '--kernel needs --vm', 'Name the root to boot with --vm.');
      if (report !== undefined) await checkFilePlace(report, messages);
      const user = userNamed(options.user);
      const expected = expectationOf(options);
      const environment = {
        ...trialEnvironment(),
        ...(user !== undefined && { HOME: '/tmp' }),
        ...variables(options.env),
      };
      await withDirectories(
        [...places, ...(options.alone ? [] : [options.host ?? '/'])],
        async directories => {
          const compared = options.staging.length > 0;
          const trees = places.map((place, i) => ({ place, directory: directories[i]! })).map(treeAt);
          for (const { name, wrapped } of trees)
            if (wrapped && compared)
              messages.message(
                `${name} is a Flatwrap extension: its programs look for files in a root of their own, and what they miss there is not reported`,
              );
          const host = options.alone ? undefined : directories.at(-1);
          const output: Buffer[] = [];
          const request: TrialRequest = {
            ...options,
            trees,
            host,
            environment,
            command: words,
            user,
            ...(expected.prints && { onOutput: piece => output.push(piece) }),
          };
          const result = { command: words, compared, ...(await runTrial(request)) };
          if (!quiet) standardError().write(trialText(result, diagnosticStyle()));
          if (report !== undefined)
            await publishBytes(report, Buffer.from(jsonText(trialDocument(result))), messages);
          const text = Buffer.concat(output).toString('utf8');
          const exitStatus = statusFor(expected, result.status, text);
          process.exitCode = strict && isAmiss(result) ? EXIT.findings : exitStatus;
        },
      );
    });
}

/** Refuses options that have no meaning in a virtual machine. */
function refuseWithVm(command: Command): void {
  const given = Object.keys(tryOptions).filter(key => command.getOptionValueSource(key) === 'cli');
  const first = given.find(
    key => !['vm', 'kernel', 'env', 'status', 'prints', 'quiet', 'verbose'].includes(key),
  );
  if (first === undefined) return;
  throw new FlixError(
    'input',
    'vm-option',
    `--${first} has no meaning with --vm: the command runs over the root of --vm, without a network, and is not traced`,
    'Leave one of them out.',
  );
}

/** Reads `--user`: the number of the user; `undefined`: root. Throws `FlixError` `usage`. */
function userNamed(text: string): number | undefined {
  if (text === 'root' || text === '0') return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new FlixError(
    'input',
    'usage',
    `--user ${text} is neither root nor the number of a user`,
    'For an ordinary user: --user 1000',
  );
}

/** Gives `use` a directory for each place; images and sources are unpacked meanwhile. */
async function withDirectories(
  places: readonly string[],
  use: (directories: readonly string[]) => Promise<void>,
  opened: readonly string[] = [],
): Promise<void> {
  const [place, ...others] = places;
  if (place === undefined) return use(opened);
  const next = (directory: string) => withDirectories(others, use, [...opened, directory]);
  if (isSource(place)) return withStaged([place], ([directory]) => next(directory!));
  if (kindAt(realPlace(place)) !== 'file') return next(realPlace(place));
  if (isGzip(place))
    throw new FlixError(
      'input',
      'profile',
      `${place} is a host profile or an archive, which no command can run in`,
      'Name the root from which the profile was made, or unpack the archive.',
    );
  await withImage(place, image =>
    inPrivateDirectory(async directory => {
      await unpackImage(image, directory);
      await next(directory);
    }),
  );
}

function treeAt({ place, directory }: { place: string; directory: string }): TriedTree {
  const view = directoryView(directory, { label: place });
  const manifests = manifestsIn(view);
  const file = basename(resolve(place));
  const name =
    manifests.length === 1 ? manifests[0]!.name : kindAt(place) === 'file' ? imageNameOf(file) : file;
  return triedTree(name, directory, manifests);
}

function isAmiss({ trial }: TrialResult): boolean {
  if (!trial) return false;
  return trial.libraries.length > 0 || trial.missed.some(({ atBoot }) => !atBoot);
}
