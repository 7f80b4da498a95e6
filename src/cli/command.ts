import { printableLines } from '../printable.ts';
import { Command } from 'commander';
import { EXIT } from './exit.ts';
import { formatHelp } from './help.ts';

/** The message of commander for `--version` alone, which may have been meant to print the version of flix. */
const NO_VERSION = /'--version <version>' argument missing/;
const VERSION_OF_IMAGE = '$&\n  It is the version of the image. flix --version prints that of flix.';

/** Creates a command that prints bad usage on standard error and exits with status 2. */
export function createCommand(name: string): Command {
  return new Command(`flix ${name}`)
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ formatHelp })
    .showHelpAfterError(`(flix ${name} --help shows the options)`)
    .configureOutput({
      outputError: (text, write) =>
        write(
          `${printableLines(text.trimEnd())
            .replace(/^error: /, `flix ${name}: `)
            .replace(NO_VERSION, VERSION_OF_IMAGE)}\n`,
        ),
    })
    .exitOverride(error => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.input));
}
