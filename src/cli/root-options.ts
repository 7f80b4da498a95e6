import type { Command } from 'commander';
import { collect } from './command.ts';

/** Where to look, and what the loader is told: the same for every command that resolves. */
export function addRootOptions(command: Command): Command {
  return command
    .option('--root <dir>', 'the root to look into', '/')
    .option(
      '--staging <dir>',
      'where missing files may come from; repeat for more, searched in order',
      collect,
    )
    .option('--host <place>', 'what the target OS provides, a root or a host profile; searched last', collect)
    .option('--library-path <list>', 'LD_LIBRARY_PATH: directories, separated by colons')
    .option(
      '--hwcaps <level>',
      'a processor level such as x86-64-v3; default: none, the same result everywhere',
    )
    .option('--no-cache', 'as if there were no ld.so.cache');
}
