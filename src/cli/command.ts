import { printableLines } from '../printable.ts';
import { Command } from 'commander';
import { EXIT } from './exit.ts';

/** Creates a command that prints bad usage on standard error and exits with status 2. */
export function createCommand(name: string): Command {
  return new Command(`flix ${name}`)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`(flix ${name} --help shows every option)`)
    .configureOutput({
      outputError: (text, write) =>
        write(`${printableLines(text.trimEnd()).replace(/^error: /, `flix ${name}: `)}\n`),
    })
    .exitOverride(error => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.input));
}
