import { type Command, Option } from 'commander';
import { type Audit, audit } from '../audit/audit.ts';
import { pages } from '../audit/checks.ts';
import type { Tree } from '../audit/extension.ts';
import { severities, type Severity } from '../audit/finding.ts';
import { type Gate, updateGate } from '../audit/gate.ts';
import { FlixError } from '../errors.ts';
import { progress } from '../io/progress.ts';
import { publishBytes } from '../io/publish-bytes.ts';
import { baselineText } from '../report/baseline.ts';
import { findingsHtml } from '../report/findings-html.ts';
import { auditDocument } from '../report/findings-json.ts';
import { findingsMarkdown } from '../report/findings-markdown.ts';
import { findingPage } from '../report/findings-page.ts';
import { auditText } from '../report/findings-text.ts';
import { gateAudit, gateDocument, gateText } from '../report/gate.ts';
import { sarif } from '../report/sarif.ts';
import type { View } from '../view/view.ts';
import { feedVersions } from './audit-feed.ts';
import { auditPolicy } from './audit-policy.ts';
import { withHosts } from './audited-hosts.ts';
import { withTrees } from './audited-trees.ts';
import { collect, createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { hwcapsLevel } from '../resolve/abi.ts';
import { namedInManifests } from './named-openings.ts';
import { expectShortRun } from './short-run.ts';
import { terminalStyle } from './terminal.ts';
import { version } from '../version.ts';

const formats = ['text', 'json', 'sarif', 'markdown', 'html'] as const;
type Format = (typeof formats)[number];

interface Flags {
  readonly host?: readonly string[];
  readonly next?: string;
  readonly feed?: string;
  readonly format: Format;
  readonly json?: true;
  readonly failOn: Severity;
  readonly policy: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly explain?: string;
  readonly hwcaps?: string;
}

export function auditCommand(): Command {
  return createCommand('audit')
    .description(
      'Looks at what programs of extensions would load once systemd has merged them over a host, and at whether it would merge them at all.',
    )
    .argument(
      '[tree...]',
      'trees or images of extensions that are merged together; each is called as its image or manifest says, else as its directory',
    )
    .option('--host <place>', 'a host to merge over: its root, image or profile (may be repeated)', collect)
    .option(
      '--next <place>',
      'the next release of the host: tell only what the update to it adds or makes worse',
    )
    .option('--feed <dir>', 'with --next: name the version in this feed that fits the next release')
    .addOption(new Option('--format <format>', 'of what is printed').choices(formats).default('text'))
    .option('--json', 'the same as --format json: one document')
    .option(
      '--hwcaps <level>',
      'the level of x86-64 that every machine of the target has, such as x86-64-v2 (default: none)',
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 at a finding as bad as this')
        .choices([...severities])
        .default('error'),
    )
    .option('--policy <file>', 'whose “allow” accepts findings', 'flix.json')
    .option('--baseline <file>', 'accept the findings in it')
    .option('--write-baseline <file>', 'write the findings into a baseline, and exit with 0')
    .option('--explain <finding>', 'print what a finding means, why it matters and how to fix it')
    .addHelpText('after', '\nExit status: 0 no finding as bad as --fail-on, 1 there is one, 2 bad input.')
    .action(async (places: string[], flags: Flags) => {
      if (flags.explain === undefined) await look(places, flags);
      else process.stdout.write(explained(flags.explain));
    });
}

async function look(places: readonly string[], flags: Flags): Promise<void> {
  const { host = [], next } = flags;
  if (next === undefined && flags.feed !== undefined)
    throw usage('--feed says what fits a next release, and none is named', 'Name it with --next.');
  if (next !== undefined && host.length !== 1)
    throw usage('--next is compared with one host', 'Name it as it is today, once, with --host.');
  expectShortRun();
  const accept = auditPolicy(flags.policy, flags.baseline);
  await withHosts([...host, ...(next === undefined ? [] : [next])], hosts =>
    withTrees(places, async trees => {
      const over = (extensions: readonly Tree[], views: readonly View[]) =>
        accept(
          audit(extensions, views, {
            named: namedInManifests(extensions),
            level: hwcapsLevel(flags.hwcaps),
          }),
        );
      if (next === undefined) await tell(over(trees, hosts), flags);
      else {
        const [today, later] = hosts as [View, View];
        const gate = await updateGate(trees, today, later, {
          auditOver: (extensions, view) => over(extensions, [view]),
          failOn: flags.failOn,
          versionsOf: flags.feed === undefined ? () => [] : feedVersions(flags.feed, later),
        });
        await tell(gateAudit(gate), flags, gate);
      }
    }),
  );
}

/** @param gate what an update adds: it has a text and a document of its own */
async function tell(result: Audit, flags: Flags, gate?: Gate): Promise<void> {
  process.stdout.write(written(result, flags.json ? 'json' : flags.format, gate));
  if (flags.writeBaseline !== undefined) {
    const text = Buffer.from(baselineText(result.findings));
    await publishBytes(flags.writeBaseline, text, progress({ quiet: false }));
    return;
  }
  const worst = result.findings[0]?.severity;
  if (worst && severities.indexOf(worst) <= severities.indexOf(flags.failOn))
    process.exitCode = EXIT.findings;
}

function written(result: Audit, format: Format, gate: Gate | undefined): string {
  if (format === 'json') return asJson(gate ? gateDocument(gate) : auditDocument(result));
  if (format === 'html') return findingsHtml(result, pages);
  if (format === 'sarif') return asJson(sarif(result, pages, version));
  if (format === 'markdown') return findingsMarkdown(result, pages);
  return gate ? gateText(gate, pages, terminalStyle()) : auditText(result, pages, terminalStyle());
}

function asJson(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function usage(message: string, fix: string): FlixError {
  return new FlixError('input', 'usage', message, fix);
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
