import type { Command } from 'commander';
import { type Advisory, readAdvisories } from '../audit/advisories.ts';
import { comparePackages, packagesOf } from '../audit/outdated.ts';
import { FlixError } from '../errors.ts';
import { readFileBytes, readOptionalText } from '../io/read-text.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { readManifest } from '../manifest/read-manifest.ts';
import { databaseOf } from '../packages/database.ts';
import { someOf } from '../printable.ts';
import { count } from '../report/numbers.ts';
import { outdatedDocument, outdatedText } from '../report/outdated.ts';
import { directoryView } from '../view/directory.ts';
import { withTrees } from './audited-trees.ts';
import { createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { messageOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues } from './options.ts';
import { jsonText, messagesOf, terminalStyle, writeResult } from './output.ts';
import { withStaged } from './staged-source.ts';

const outdatedOptions = {
  staging: {
    flags: '--staging <root>',
    type: 'path',
    help: 'the root with the current packages, or a source such as debian:bookworm (docs/stage.md)',
  },
  vex: {
    flags: '--vex <file>',
    type: 'paths',
    help: 'show which packages these advisories concern: files in the format of OSV, or CycloneDX with vulnerabilities',
    default: [],
  },
  json: { flags: '--json', type: 'switch', help: 'print one JSON document', default: false },
  ...messageOptions,
} as const satisfies OptionTable;

export function outdatedCommand(): Command {
  const command = createCommand('outdated')
    .description(
      'Shows the packages of extensions that have newer versions in a root, by the rules of its package manager, and the files ' +
        'of the extensions that would change.',
    )
    .argument('<extension...>', 'manifests (manifest.json), trees or images');
  return addOptions(command, outdatedOptions)
    .addHelpText(
      'after',
      `
Example:
  flix outdated ./tilde.raw --staging debian:bookworm

Exit status: 0 if all are up to date, 1 if a package has a newer version, 2 for bad input.`,
    )
    .action(async (places: string[]) => {
      const options = optionValues(command, outdatedOptions);
      const { staging } = options;
      if (staging === undefined)
        throw new FlixError('input', 'usage', 'no root to compare with is named', 'Name one with --staging.');
      const messages = messagesOf(options);
      const advisories = options.vex.flatMap(file => {
        const found = readAdvisories(readFileBytes(file).toString('utf8'), file);
        for (const text of uncomparable(found, file)) messages.message(text);
        return found;
      });
      const manifests: Manifest[] = [];
      for (const place of places) manifests.push(...(await manifestsAt(place)));
      const include = [...new Set(manifests.flatMap(packagesOf).map(({ name }) => name))].sort();
      const arch = manifests.find(({ architecture }) => architecture !== null)?.architecture ?? undefined;
      const packagesOfRoot = async ([root]: readonly string[]) => {
        const view = directoryView(root!, { staged: true });
        if (!databaseOf(view))
          throw new FlixError(
            'input',
            'no-packages',
            `${root} has no package database that flix can read`,
            'Name a root or a source of the distribution from which the packages come.',
          );
        return manifests.map(manifest => ({
          name: manifest.name,
          packages: comparePackages(manifest, view, advisories),
        }));
      };
      const extensions = await withStaged([staging], packagesOfRoot, { include, arch }, messages);
      if (options.json) writeResult(jsonText(outdatedDocument(extensions)));
      else if (!options.quiet) writeResult(outdatedText(extensions, terminalStyle()));
      const isStale = extensions.some(({ packages }) => packages.some(({ state }) => state === 'newer'));
      if (isStale) process.exitCode = EXIT.findings;
    });
}

/** Says which advisories concern no package whatever its version: OSV's record of a CVE itself often names only commits of Git. */
function uncomparable(advisories: readonly Advisory[], file: string): string[] {
  const ids = advisories.filter(({ affected }) => affected.length === 0).map(({ id }) => id);
  if (ids.length === 0) return [];
  return [
    `${file}: ${ids.length} of ${count(advisories.length, 'advisory', 'advisories')} ` +
      `${ids.length === 1 ? 'names' : 'name'} no package of a distribution, so no package was compared with ` +
      `${ids.length === 1 ? 'it' : 'them'}: ${someOf(ids)}\n` +
      '  Use the records of the distribution, such as DEBIAN-CVE-2025-4802 for CVE-2025-4802.',
  ];
}

/** Reads the manifests of a tree or image, or a manifest by itself. Throws `FlixError`. */
async function manifestsAt(place: string): Promise<Manifest[]> {
  if (place.endsWith('.json')) {
    const read = readManifest(readOptionalText(place) ?? '');
    if (read && 'manifest' in read) return [read.manifest];
    throw new FlixError('input', 'no-manifest', `${place} is not a manifest that flix can read`);
  }
  const found: Manifest[] = [];
  await withTrees([place], ([tree]) => void found.push(...manifestsIn(tree!.view)));
  if (found.length > 0) return found;
  throw new FlixError(
    'input',
    'no-manifest',
    `${place} contains no manifest: flix did not make it`,
    'Name a tree or image that flix made.',
  );
}
