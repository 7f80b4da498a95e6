import type { Command } from 'commander';
import { type Audit, audit, type Hosts } from '../audit/audit.ts';
import { pages } from '../audit/checks.ts';
import type { Tree } from '../audit/extension.ts';
import { severities } from '../audit/finding.ts';
import { type FeedVersion, type Gate, updateGate } from '../audit/gate.ts';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { publishBytes } from '../io/publish.ts';
import { baselineText, parseBaseline } from '../report/baseline.ts';
import { findingsHtml } from '../report/findings-html.ts';
import { auditDocument } from '../report/findings-json.ts';
import { findingsMarkdown } from '../report/findings-markdown.ts';
import { findingPage } from '../report/findings-page.ts';
import { auditText } from '../report/findings-text.ts';
import { gateAudit, gateDocument, gateText } from '../report/gate.ts';
import { sarif } from '../report/sarif.ts';
import type { View } from '../view/view.ts';
import { withHostsInTurn } from './host-view.ts';
import { withTrees } from './audited-trees.ts';
import { createCommand } from './command.ts';
import { failOnOption, messageOptions } from './option-table.ts';
import { EXIT } from './exit.ts';
import { hwcapsLevel } from '../resolve/hwcaps.ts';
import { documentedInManifests } from '../audit/documented.ts';
import { expectShortRun } from './short-run.ts';
import { addGroups, type OptionTable, optionValues, type OptionValues } from './options.ts';
import {
  contradiction,
  jsonText,
  messagesOf,
  refuseTwoFormats,
  terminalStyle,
  writeResult,
} from './output.ts';
import { version } from '../version.ts';
import path from 'node:path';
import { hostArchitecture } from '../systemd/architecture.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';
import { imagesOf, sumsOf } from '../pack/feed/catalogue.ts';
import { feedFile, releaseOf } from '../pack/feed/names.ts';
import { readOsRelease } from '../view/os-release.ts';
import { kindAt, realPlace } from '../view/directory.ts';
import type { Identity } from '../audit/identity.ts';
import { type Allowance, withPolicy } from '../audit/policy.ts';
import { readOptionalText } from '../io/read-text.ts';
import { DEFAULT_RECIPE, readRecipe } from './recipe-file.ts';

/** The options of `flix audit`, under the headings of its help. */
const auditGroups = {
  'What to audit': {
    host: {
      flags: '--host <place>',
      type: 'paths',
      help: 'a host to merge over: its root, its image or a profile of it',
      default: [],
    },
    each: {
      flags: '--each',
      type: 'switch',
      help: 'audit each extension by itself, not merged with the others',
      default: false,
    },
    next: {
      flags: '--next <place>',
      type: 'path',
      help: 'the next release of the host: report only what updating to it adds or makes worse',
    },
    feed: {
      flags: '--feed <dir>',
      type: 'path',
      help: 'with --next: name the version in this feed that fits the next release',
    },
    hwcaps: {
      flags: '--hwcaps <level>',
      type: 'text',
      help: 'the x86-64 level that every target machine has, such as x86-64-v2 (default: none)',
    },
  },
  'Accepted findings': {
    policy: {
      flags: '--policy <file>',
      type: 'path',
      help: 'accept the findings that “allow” in this file lists',
      default: DEFAULT_RECIPE,
    },
    baseline: { flags: '--baseline <file>', type: 'path', help: 'accept the findings in this baseline' },
    writeBaseline: {
      flags: '--write-baseline <file>',
      type: 'path',
      help: 'write the findings to a baseline and exit with status 0',
    },
  },
  'The report': {
    format: {
      flags: '--format <format>',
      type: 'text',
      choices: ['text', 'json', 'sarif', 'markdown', 'html'],
      help: 'output format',
      default: 'text',
    },
    json: { flags: '--json', type: 'switch', help: 'the same as --format json', default: false },
    ...failOnOption,
    explain: {
      flags: '--explain <finding>',
      type: 'text',
      help: 'print what a kind of finding means, why it matters and how to fix it',
    },
    quiet: { ...messageOptions.quiet, help: 'print no text and no messages; only the exit status tells' },
    verbose: { ...messageOptions.verbose, help: 'print each finding by itself, and every step' },
  },
} as const satisfies Readonly<Record<string, OptionTable>>;

const auditOptions = {
  ...auditGroups['What to audit'],
  ...auditGroups['Accepted findings'],
  ...auditGroups['The report'],
} as const satisfies OptionTable;

type AuditOptions = OptionValues<typeof auditOptions>;

export function auditCommand(): Command {
  const command = createCommand('audit')
    .description(
      'Finds what would go wrong with extensions on a host: whether systemd would merge them, what their programs ' +
        'would load once merged, and what they would hide or break.',
    )
    .argument(
      '[tree...]',
      'trees or images of extensions, which are merged together unless --each is given; the name of each is that of its image or in its ' +
        'manifest, else that of its directory',
    );
  return addGroups(command, auditGroups)
    .addHelpText(
      'after',
      `
Examples:
  flix audit ./btop.raw --host ./host-root
  flix audit --each ./*.raw --host ./host-root --host next.profile --format html > report.html
  flix audit ./btop.raw --host ./host-root --next next.profile --feed ./public
  flix audit --explain leaks/host-library`,
    )
    .addHelpText(
      'after',
      '\nExit status: 0 if no finding is as severe as --fail-on, 1 if one is, 2 for bad input.',
    )
    .action(async (places: string[]) => {
      const options = optionValues(command, auditOptions);
      refuseTwoFormats(command, options);
      if (options.explain === undefined)
        await auditTrees(places, options, command.getOptionValueSource('policy') === 'cli');
      else if (places.length > 0) throw contradiction('--explain, which audits nothing,', places.join(' '));
      else if (options.json) throw contradiction('--explain', '--json');
      else writeResult(explanation(options.explain));
    });
}

/** @param isPolicyNamed the user named the file of `--policy`, so that it has to exist */
async function auditTrees(
  places: readonly string[],
  options: AuditOptions,
  isPolicyNamed: boolean,
): Promise<void> {
  const { host, next } = options;
  if (next === undefined && options.feed !== undefined)
    throw usage('--feed needs --next', 'Name the next release of the host with --next.');
  if (next !== undefined && host.length !== 1)
    throw usage('--next needs exactly one --host', 'Name the host as it is today with --host.');
  expectShortRun();
  const messages = messagesOf(options);
  const accept = auditPolicy(options, isPolicyNamed, messages);
  await withHostsInTurn([...host, ...(next === undefined ? [] : [next])], hosts =>
    withTrees(
      places,
      async trees => {
        const auditOver = (extensions: readonly Tree[], views: Hosts) =>
          accept(
            audit(extensions, views, {
              isDocumented: documentedInManifests(extensions),
              level: hwcapsLevel(options.hwcaps),
              each: options.each,
              onStack: (names, at) => messages.step(`auditing ${names.join(', ')}`, at),
            }),
          );
        if (next === undefined) await report(auditOver(trees, hosts), options, messages);
        else {
          const [today, later] = [...hosts] as [View, View];
          const gate = await updateGate(trees, today, later, {
            auditOver: (extensions, view) => auditOver(extensions, [view]),
            failOn: options.failOn,
            versionsOf: options.feed === undefined ? () => [] : feedVersions(options.feed, later),
          });
          await report(gateAudit(gate), options, messages, gate);
        }
      },
      {
        architecture: architectureOfFirst(hosts),
        each: options.each && next === undefined,
      },
    ),
  );
}

/** Returns the architecture of the first host as systemd spells it; `undefined`: there is no host, or it is unknown. */
function architectureOfFirst([first]: Hosts): string | undefined {
  return first && hostArchitecture(first);
}

/** @param gate the result of `--next`, which has its own text and document */
async function report(result: Audit, options: AuditOptions, messages: Progress, gate?: Gate): Promise<void> {
  messages.done();
  const format = options.json ? 'json' : options.format;
  if (format !== 'text' || !options.quiet) writeResult(reportText(result, format, gate, options.verbose));
  if (options.writeBaseline !== undefined) {
    const text = Buffer.from(baselineText(result.findings));
    await publishBytes(options.writeBaseline, text, messages);
    return;
  }
  const worst = result.findings[0]?.severity;
  if (worst && severities.indexOf(worst) <= severities.indexOf(options.failOn))
    process.exitCode = EXIT.findings;
}

function reportText(
  result: Audit,
  format: AuditOptions['format'],
  gate: Gate | undefined,
  unfolded: boolean,
): string {
  if (format === 'json') return jsonText(gate ? gateDocument(gate) : auditDocument(result));
  if (format === 'html') return findingsHtml(result, pages);
  if (format === 'sarif') return jsonText(sarif(result, pages, version));
  if (format === 'markdown') return findingsMarkdown(result, pages);
  return gate
    ? gateText(gate, pages, terminalStyle(), unfolded)
    : auditText(result, pages, terminalStyle(), unfolded);
}

function usage(message: string, fix: string): FlixError {
  return new FlixError('input', 'usage', message, fix);
}

/** Returns the kinds that the user may have meant: of that last part, containing the text, or else of that family. */
function kindsLike(given: string): string[] {
  const kinds = [...pages.keys()];
  const tests: ((kind: string) => boolean)[] = [
    kind => kind.endsWith(`/${given}`),
    kind => kind.includes(given),
    kind => kind.split('/')[0] === given.split('/')[0],
  ];
  return tests.map(test => kinds.filter(test)).find(found => found.length > 0) ?? [];
}

function explanation(kind: string): string {
  const page = pages.get(kind);
  if (page) return findingPage(kind, page);
  const near = kindsLike(kind);
  throw new FlixError(
    'input',
    'unknown-finding',
    `there is no finding called ${kind}`,
    near.length > 0 ? `Did you mean ${near.join(', ')}?` : `Known findings: ${[...pages.keys()].join(', ')}.`,
  );
}

/**
 * Lists the versions of an extension in a feed that fit the architecture and release of a host, newest first. Images are
 * opened only when they are used. Throws `FlixError` `no-feed`.
 */
function feedVersions(directory: string, host: View): (extension: string) => FeedVersion[] {
  if (kindAt(realPlace(path.join(directory, 'SHA256SUMS'))) !== 'file')
    throw new FlixError(
      'input',
      'no-feed',
      `${directory} is not a feed: it has no SHA256SUMS`,
      `flix pack TREE --version VERSION --feed ${directory}`,
    );
  const sums = sumsOf(directory);
  const architecture = hostArchitecture(host);
  const release = releaseOf(readOsRelease(host) ?? new Map());
  return extension =>
    imagesOf(sums, extension)
      .filter(image => architecture === undefined || image.architecture === architecture)
      .filter(
        ({ release: only }) => !only || (only.id === release?.id && only.versionId === release.versionId),
      )
      .sort((a, b) => compareAsSystemd(b.version, a.version))
      .map(image => ({
        version: image.version,
        open: use => withTrees([path.join(directory, feedFile(image))], ([tree]) => use(tree!)),
      }));
}

/**
 * Returns a function that accepts the findings of an audit that `flix.json` allows or that a baseline lists. Without
 * either file nothing is accepted. Throws `FlixError`: `bad-recipe`, `no-baseline`, `bad-baseline`.
 */
function auditPolicy(
  { policy: file, baseline }: AuditOptions,
  isNamed: boolean,
  messages: Progress,
): (audit: Audit) => Audit {
  const recipe = readRecipe(isNamed ? file : undefined);
  const allow = (recipe['allow'] as readonly Allowance[] | undefined) ?? [];
  if (allow.length > 0 && !isNamed) messages.message(`using ./${file}: allow`);
  const policy = {
    file,
    allow,
    baseline: baseline === undefined ? [] : readBaseline(baseline),
  };
  const today = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  return result => withPolicy(result, policy, today);
}

function readBaseline(file: string): Identity[] {
  const text = readOptionalText(file);
  if (text !== undefined) return parseBaseline(text, file);
  throw new FlixError(
    'input',
    'no-baseline',
    `${file}: there is no such baseline`,
    `flix audit TREE --write-baseline ${file}`,
  );
}
