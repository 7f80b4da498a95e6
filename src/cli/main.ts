import { commands } from './commands.ts';
import { EXIT, explainFailure } from './exit.ts';
import { ioFailure } from '../io/failure.ts';
import { clearProgress } from '../io/progress.ts';
import { standardError } from '../io/standard-error.ts';
import { version } from '../version.ts';

/** Runs a command line and sets the exit status. */
async function main(argv: readonly string[]): Promise<void> {
  const isHelp = argv[0] === 'help';
  const [first, ...rest] = isHelp && argv.length > 1 ? argv.slice(1) : argv;
  if (first === '--version' || first === '-V' || first === 'version') {
    process.stdout.write(`${version}\n`);
    return;
  }
  const entry = first === undefined || !Object.hasOwn(commands, first) ? undefined : commands[first];
  const command = await entry?.load();
  const isLong =
    rest.includes('--help=all') && rest.indexOf('--help=all') < (rest.indexOf('--') + 1 || Infinity);
  if (command && isLong) (await import('./help.ts')).showEveryOption();
  const words = isLong ? rest.map(word => (word === '--help=all' ? '--help' : word)) : rest;
  if (command && isHelp && rest.every(name => command.commands.some(sub => sub.name() === name))) {
    await command.parseAsync([...rest, '--help'], { from: 'user' });
  } else if (command && !isHelp) {
    await command.parseAsync(words, { from: 'user' });
  } else {
    const { programHelp } = await import('./program.ts');
    process.exitCode = await programHelp(argv);
  }
}

process.once('SIGINT', () => process.exit(EXIT.interrupted));
process.once('SIGTERM', () => process.exit(EXIT.terminated));
process.once('SIGHUP', () => process.exit(EXIT.hangup));
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // the reader of a pipe may exit before we are done: `flix tree … | head`
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.done);
  standardError().write(`${explainFailure(ioFailure(error, 'cannot write to standard output')).text}\n`);
  process.exit(EXIT.io);
});

function fail(error: unknown): void {
  const { status, text } = explainFailure(error);
  clearProgress();
  standardError().write(`${text}\n`);
  process.exitCode = status;
}

process.on('uncaughtException', error => {
  fail(error);
  process.exit();
});
// no top-level await, since the one-file bundle is CommonJS inside
main(process.argv.slice(2)).catch(fail);
