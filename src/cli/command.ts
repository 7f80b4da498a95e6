import { Command } from 'commander';
import { EXIT } from './exit.ts';

/** A command that answers bad usage with status 2 and its message on standard error. */
export function createCommand(name: string): Command {
  return new Command(`flix ${name}`)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`(flix ${name} --help shows every option)`)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `flix ${name}: `)) })
    .exitOverride(error => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.input));
}

/** For options that may be given more than once. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
