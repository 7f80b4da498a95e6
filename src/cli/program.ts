import { writeResult } from './output.ts';
import { printable } from '../printable.ts';
import { standardError } from '../io/standard-error.ts';
import { Command, CommanderError } from 'commander';
import { commands } from './commands.ts';
import { EXIT } from './exit.ts';
import { formatHelp, putUnder } from './help.ts';

/**
 * Handles a command line without a known command: prints help, or the error on standard error. Returns the exit status.
 *
 * @param argv as given: starts with `help`, if that was typed
 */
export async function programHelp(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  const [first, ...rest] = argv;
  if (
    first === '--help' ||
    first === '-h' ||
    (first === 'help' && /^(?:|help|-h|--help)$/.test(rest.join(' ')))
  ) {
    writeResult(helpText(program));
    return EXIT.done;
  }
  if (first === undefined) standardError().write(helpText(program));
  else standardError().write(`flix: ${await reason(program, first === 'help' ? rest : argv)}\n`);
  return EXIT.input;
}

function createProgram(): Command {
  const program = new Command('flix')
    .description(
      'Makes dynamically linked Linux programs self-contained and ships them as systemd-sysext images.',
    )
    .usage('<command> [options]')
    .helpOption('-h, --help', 'show this help')
    .option('-V, --version', 'print the version')
    .configureHelp({ formatHelp })
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Examples:
  flix vendor ./debian-root /usr/bin/btop --pack    make btop.raw of a program of a root
  flix audit ./btop.raw --host ./host-root          find what would go wrong on a host
  flix help vendor                                  show the options of a command`,
    );
  for (const [name, { purpose, summary }] of Object.entries(commands)) {
    const command = new Command(name).description(summary).helpOption(false);
    putUnder(purpose, command);
    program.addCommand(command);
  }
  return program;
}

/** Returns the help with the text that follows the list of commands, which `helpInformation` leaves out. */
function helpText(program: Command): string {
  let help = '';
  program.configureOutput({ writeOut: text => (help += text) }).outputHelp();
  return help;
}

/** Says why the first word is not a command, and what the user may have meant. */
async function reason(program: Command, [first, ...rest]: readonly string[]): Promise<string> {
  if (Object.hasOwn(commands, first!))
    return `${first} has no command '${printable(rest.join(' '))}'\n  (flix ${first} --help shows what it has)`;
  const word = printable(first!);
  if (!first!.startsWith('-')) return `${unknownCommand(program, word)}\n  (flix --help lists the commands)`;
  const name = rest.find(other => Object.hasOwn(commands, other));
  if (name !== undefined)
    return `${word} stands before the command\n  Options follow the command: flix ${name} ${word} …`;
  const owners = await commandsWith(first!.replace(/=.*/s, ''));
  const places = owners.map(owner => `flix ${owner} ${word} …`).join(' or ');
  return `${word} is not an option of flix itself\n  ${places === '' ? 'No command has it.' : `Options follow a command: ${places}`} (flix --help lists the commands)`;
}

/** Returns the commands that have an option; `vendor` alone if it is one of them. */
async function commandsWith(option: string): Promise<string[]> {
  const owners: string[] = [];
  for (const [name, { load }] of Object.entries(commands)) {
    const { options } = await load();
    if (options.some(each => each.long === option || each.short === option)) owners.push(name);
  }
  return owners.includes('vendor') ? ['vendor'] : owners;
}

/** Returns commander's message, which suggests a command with a similar name. */
function unknownCommand(program: Command, name: string): string {
  let message = '';
  program.exitOverride().configureOutput({ writeErr: text => (message += text) });
  try {
    program.parse(['--', name], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return message
    .trimEnd()
    .replace(/^error: /, '')
    .replace('\n', '\n  ');
}
