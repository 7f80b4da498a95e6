import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { databaseOf, packageNamed } from '../packages/database.ts';
import { printable } from '../printable.ts';
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

/** A version of a package that a source has. */
interface Version {
  readonly name: string;
  readonly version: string;
  readonly from: string;
}

export function listVersionsCommand(): Command {
  const command = createCommand('list-versions')
    .description(
      'Shows the versions of the packages of a recipe that its source offers: what “stage” can include as PACKAGE=VERSION.',
    )
    .argument('[recipe]', `the recipe (default: ./${DEFAULT_RECIPE})`, DEFAULT_RECIPE);
  return addOptions(command, versionOptions)
    .addHelpText('after', '\nExample:\n  flix list-versions recipes/tilde.json')
    .action(async (file: string) => {
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

async function versionsOf(
  file: string,
  recipe: Recipe,
  messages: ReturnType<typeof messagesOf>,
): Promise<Version[]> {
  const root = recipe['root'] as string | undefined;
  const packages = (recipe['package'] as readonly string[] | undefined) ?? [];
  if (root === undefined || packages.length === 0)
    throw new FlixError(
      'input',
      'bad-recipe',
      `${file} has no ${root === undefined ? '"root"' : '"package"'}, so no source offers versions of it`,
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
        throw new FlixError('input', 'no-package', `${root} has no package ${name}`);
      });
    },
    { include: packages, arch, stage },
    messages,
  );
}
