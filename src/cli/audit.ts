import { type Command, Option } from 'commander';
import { type Audit, audit } from '../audit/audit.ts';
import { pages } from '../audit/checks.ts';
import { severities, type Severity } from '../audit/finding.ts';
import { FlixError } from '../errors.ts';
import { auditDocument } from '../report/findings-json.ts';
import { findingPage } from '../report/findings-page.ts';
import { auditText } from '../report/findings-text.ts';
import { withHosts } from './audited-hosts.ts';
import { withTrees } from './audited-trees.ts';
import { collect, createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { hwcapsLevel } from './hwcaps.ts';
import { namedInManifests } from './named-openings.ts';
import { terminalStyle } from './terminal.ts';

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
      'trees or images of extensions that are merged together; each is called as its image or manifest says, else as its directory',
    )
    .option('--host <place>', 'a host to merge over: its root, image or profile (may be repeated)', collect)
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
    .action(async (trees: string[], { host = [], json, failOn, explain, hwcaps }: Flags) => {
      if (explain !== undefined) {
        process.stdout.write(explained(explain));
        return;
      }
      await withHosts(host, hosts =>
        withTrees(trees, extensions => {
          const result = audit(extensions, hosts, {
            named: namedInManifests(extensions),
            level: hwcapsLevel(hwcaps),
          });
          process.stdout.write(
            json ? `${JSON.stringify(auditDocument(result), undefined, 2)}\n` : asText(result),
          );
          const worst = result.findings[0]?.severity;
          if (worst && severities.indexOf(worst) <= severities.indexOf(failOn))
            process.exitCode = EXIT.findings;
        }),
      );
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
