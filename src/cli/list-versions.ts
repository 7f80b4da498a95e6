import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { databaseOf, packageNamed } from '../packages/database.ts';
import { printable } from '../printable.ts';
import type { OfferedVersion } from '../stage/debian/apt.ts';
import { readSource } from '../stage/source.ts';
import { directoryView } from '../view/directory.ts';
import { createCommand } from './command.ts';
import { messageOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues, type Recipe } from './options.ts';
import { jsonText, messagesOf, writeResult } from './output.ts';
import { DEFAULT_RECIPE, readRecipe } from './recipe-file.ts';
import { type SourceNeeds, withStaged } from './staged-source.ts';

const versionOptions = {
  json: { flags: '--json', type: 'switch', help: 'print one JSON document', default: false },
  ...messageOptions,
} as const satisfies OptionTable;

export function listVersionsCommand(): Command {
  const command = createCommand('list-versions')
    .description(
      'Shows which versions the source of a recipe offers of its packages; “stage” can include one as PACKAGE=VERSION.',
    )
    .argument('[recipe]', `the recipe (default: ./${DEFAULT_RECIPE})`);
  return addOptions(command, versionOptions)
    .addHelpText('after', '\nExample:\n  flix list-versions recipes/tilde.json')
    .action(async (file: string = DEFAULT_RECIPE) => {
      const options = optionValues(command, versionOptions);
      const messages = messagesOf(options);
      const recipe = readRecipe(file);
      const versions = await versionsOf(file, recipe, messages);
      messages.done();
      const width = (key: 'name' | 'version') => Math.max(...versions.map(found => found[key].length));
      if (options.json) writeResult(jsonText({ schema: 'flix.versions/1', versions }));
      else
        for (const { name, version, from } of versions)
          writeResult(
            `${printable(`${name.padEnd(width('name'))}  ${version.padEnd(width('version'))}  ${from}`)}\n`,
          );
    });
}

async function versionsOf(file: string, recipe: Recipe, messages: Progress): Promise<OfferedVersion[]> {
  const root = recipe['root'] as string | undefined;
  const packages = (recipe['package'] as readonly string[] | undefined) ?? [];
  if (root === undefined || packages.length === 0)
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file} has no ${root === undefined ? '"root"' : '"package"'}, so there are no versions to list`,
      'For example: {"root": "debian:bookworm", "package": ["tilde"]}',
    );
  const stage = recipe['stage'] as SourceNeeds['stage'];
  const arch = (recipe['arch'] ?? (recipe['architectures'] as readonly string[] | undefined)?.[0]) as
    | string
    | undefined;
  const source = readSource(root);
  if (source && 'suite' in source) {
    const { debianVersions } = await import('../stage/debian/debian.ts');
    const request = { mirror: [], recommends: false, ...stage, arch, include: packages };
    return debianVersions(source, request, messages);
  }
  return withStaged(
    [root],
    async ([directory]) => {
      const known = databaseOf(directoryView(directory!, { staged: true }));
      return packages.map(name => {
        const found = known && packageNamed(known, name)?.found;
        if (found) return { name: found.name, version: found.version, from: root };
        throw new FlixError(
          'input',
          'no-package',
          `${root} has no package ${name}`,
          'Correct "package" in the recipe.',
        );
      });
    },
    { include: packages, arch, stage },
    messages,
  );
}
