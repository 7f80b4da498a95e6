import type { Command } from 'commander';
import { resolver } from '../resolve/resolve.ts';
import { closureLine } from '../report/closure-line.ts';
import { directoryView } from '../view/directory.ts';
import { objectAt } from '../view/object.ts';
import { walk } from '../view/walk.ts';
import { createCommand } from './command.ts';

export function treeCommand(): Command {
  return createCommand('tree')
    .option('--root <dir>', 'the root to look into', '/')
    .option('--all', 'every dynamic ELF file of the root')
    .option('--ndjson', 'one line of JSON for each file')
    .option('--no-cache', 'as if there were no ld.so.cache')
    .argument('[path...]', 'programs or libraries, as paths inside the root')
    .action((paths: string[], options) => {
      const view = directoryView(options.root, { versions: !options.all });
      const resolve = resolver([view], { cache: options.cache });
      const lines: string[] = [];
      for (const { path, kind } of walk(view, '/')) {
        if (kind !== 'file' || !objectAt(view, path).facts?.dynamic) continue;
        lines.push(JSON.stringify(closureLine(resolve(path))));
      }
      process.stdout.write(lines.map(line => `${line}\n`).join(''));
    });
}
