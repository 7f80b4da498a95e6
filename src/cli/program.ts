import { writeResult } from './output.ts';
import { printable } from '../printable.ts';
import { Command, CommanderError } from 'commander';
import { commands } from './commands.ts';
import { EXIT } from './exit.ts';

/** Handles a command line without a known command: prints help, or the error on standard error. Returns the exit status. */
export function programHelp(argv: readonly string[]): number {
  const program = new Command('flix')
    .description(
      'Makes dynamically linked Linux programs self-contained and ships them as systemd-sysext images.',
    )
    .usage('<command> [options]')
    .helpOption('-h, --help', 'show this help')
    .option('-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the options of a command')
    .addHelpText('after', '\nRun “flix <command> --help” for the options of a command.');
  for (const [name, { summary }] of Object.entries(commands))
    program.command(name).description(summary).helpOption(false);
  const [first] = argv;
  if (first !== undefined && ['--help', '-h', 'help'].includes(first)) {
    writeResult(helpText(program));
    return EXIT.done;
  }
  if (first !== undefined) process.stderr.write(`flix: ${unknownCommand(program, printable(first))}\n`);
  process.stderr.write(helpText(program));
  return EXIT.input;
}

/** Returns the help with the text that follows the list of commands, which `helpInformation` leaves out. */
function helpText(program: Command): string {
  let help = '';
  program.configureOutput({ writeOut: text => (help += text) }).outputHelp();
  return help;
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
  return message.replace(/^error: /, '');
}
