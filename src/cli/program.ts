import { Command, CommanderError } from 'commander';
import { commands } from './commands.ts';
import { EXIT } from './exit.ts';

/** Answers a command line that names no command: help on standard output, or what is wrong on standard error. */
export function programHelp(argv: readonly string[]): number {
  const program = new Command('flix')
    .description(
      'Makes dynamically linked Linux programs self-contained and ships them as systemd-sysext images.',
    )
    .usage('<command> [options]')
    .helpOption('-h, --help', 'show this help')
    .option('-V, --version', 'print the version')
    .addHelpText('after', '\nflix <command> --help shows the options of a command.');
  for (const [name, { summary }] of Object.entries(commands))
    program.command(name).description(summary).helpOption(false);
  const [first] = argv;
  const asked = first === undefined ? undefined : ['--help', '-h', 'help'].includes(first);
  if (asked) {
    process.stdout.write(program.helpInformation());
    return EXIT.done;
  }
  if (first !== undefined) process.stderr.write(`flix: ${unknownCommand(program, first)}\n`);
  process.stderr.write(program.helpInformation());
  return EXIT.input;
}

/** What commander says of it: it also knows what was meant. */
function unknownCommand(program: Command, name: string): string {
  let said = '';
  program.exitOverride().configureOutput({ writeErr: text => (said += text) });
  try {
    program.parse(['--', name], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return said.replace(/^error: /, '');
}
