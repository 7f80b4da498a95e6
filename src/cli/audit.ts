import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Audit, audit } from '../audit/audit.ts';
import { pages } from '../audit/checks.ts';
import type { Tree } from '../audit/extension.ts';
import { severities, type Severity } from '../audit/finding.ts';
import { FlixError } from '../errors.ts';
import { auditDocument } from '../report/findings-json.ts';
import { findingPage } from '../report/findings-page.ts';
import { auditText } from '../report/findings-text.ts';
import { directoryView } from '../view/directory.ts';
import { readOsRelease } from '../view/os-release.ts';
import { manifestsIn } from '../plan/earlier.ts';
import type { View } from '../view/view.ts';
import { collect, createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { hwcapsLevel } from './hwcaps.ts';
import { namedInManifests } from './named-openings.ts';
import { terminalStyle } from './terminal.ts';
import { wrappedIn } from './wrapped-trees.ts';

interface Flags {
  readonly host?: readonly string[];
  readonly json?: true;
  readonly failOn: Severity;
  readonly explain?: string;
  readonly hwcaps?: string;
}

export function auditCommand(): Command {
  return createCommand('audit')
    .description(
      'Looks at what programs of extensions would load once systemd-sysext has merged them over a host, and at whether it would merge them at all.',
    )
    .argument(
      '[tree...]',
      'trees of extensions that are merged together; each is called as its manifest says, else as its directory',
    )
    .option('--host <dir>', 'the root of a host to merge over (may be repeated: each is looked at)', collect)
    .option('--json', 'print one JSON document')
    .option(
      '--hwcaps <level>',
      'the level of x86-64 that every machine of the target has, such as x86-64-v2 (default: none)',
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 at a finding as bad as this')
        .choices([...severities])
        .default('error'),
    )
    .option('--explain <finding>', 'print what a finding means, why it matters and how to mend it')
    .addHelpText('after', '\nExit status: 0 no finding as bad as --fail-on, 1 there is one, 2 bad input.')
    .action((trees: string[], { host = [], json, failOn, explain, hwcaps }: Flags) => {
      if (explain !== undefined) {
        process.stdout.write(explained(explain));
        return;
      }
      const extensions = openTrees(trees);
      const result = audit(extensions, openHosts(host), {
        named: namedInManifests(extensions),
        level: hwcapsLevel(hwcaps),
      });
      process.stdout.write(
        json ? `${JSON.stringify(auditDocument(result), undefined, 2)}\n` : asText(result),
      );
      const worst = result.findings[0]?.severity;
      if (worst && severities.indexOf(worst) <= severities.indexOf(failOn)) process.exitCode = EXIT.findings;
    });
}

function asText(result: Audit): string {
  return auditText(result, pages, terminalStyle());
}

function explained(kind: string): string {
  const page = pages.get(kind);
  if (page) return findingPage(kind, page);
  throw new FlixError(
    'input',
    'unknown-finding',
    `no finding is called ${kind}`,
    `Known: ${[...pages.keys()].join(', ')}.`,
  );
}

function openTrees(directories: readonly string[]): Tree[] {
  if (directories.length === 0)
    throw new FlixError(
      'input',
      'no-tree',
      'nothing to audit was named',
      'Name the directory that holds usr/ or opt/ of the extension.',
    );
  const trees = new Map<string, Tree>();
  for (const directory of directories) {
    const view = directoryView(directory, { label: directory });
    const name = nameOf(directory, view);
    if (trees.has(name))
      throw new FlixError(
        'input',
        'same-name',
        `two extensions are called ${name}`,
        'Of these systemd would take one only: rename a directory.',
      );
    trees.set(name, {
      name,
      view: directoryView(directory, { label: name }),
      wrapped: wrappedIn(view),
    });
  }
  return [...trees.values()];
}

/**
 * systemd calls a directory's extension as the directory is called. A tree that flix made becomes an image of the name
 * in its manifest, wherever it was built.
 */
function nameOf(directory: string, view: View): string {
  // a manifest is a file like any other: it may have been edited
  const names = manifestsIn(view).map(({ name }) => name as unknown);
  return names.length === 1 && typeof names[0] === 'string' ? names[0] : basename(resolve(directory));
}

/** Labels tell hosts apart: of equal ones each says its directory too. */
function openHosts(directories: readonly string[]): View[] {
  const hosts = directories.map(directory => ({ directory, view: directoryView(directory) }));
  for (const { directory, view } of hosts)
    if (!readOsRelease(view)?.get('ID'))
      throw new FlixError(
        'input',
        'no-host',
        `${directory} is no host: it has no os-release with an ID=`,
        'Name the root directory of an operating system.',
      );
  return hosts.map(({ directory, view }) => {
    const unique = hosts.every(other => other.view === view || other.view.label !== view.label);
    return unique ? view : directoryView(directory, { label: `${view.label} (${directory})` });
  });
}
