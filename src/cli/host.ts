import type { Command } from 'commander';
import { diffHosts } from '../audit/host-diff.ts';
import { progress } from '../io/progress.ts';
import { publishBytes } from '../io/publish-bytes.ts';
import { hostDiffDocument, hostDiffText } from '../report/host-diff.ts';
import { size } from '../report/size.ts';
import { encodeProfile } from '../view/profile/profile.ts';
import { snapshot } from '../view/profile/snapshot.ts';
import { withHosts } from './audited-hosts.ts';
import { createCommand } from './command.ts';
import { checkHost, withHost } from './host-view.ts';
import { terminalStyle } from './terminal.ts';

export function hostCommand(): Command {
  return createCommand('host')
    .description(
      'Notes what a host is in one small file, for audits where the host is not, and compares hosts.',
    )
    .addCommand(snapshotCommand())
    .addCommand(diffCommand());
}

function snapshotCommand(): Command {
  return createCommand('host snapshot')
    .name('snapshot')
    .summary('write the profile of a host')
    .description(
      'Writes the profile of a host: names, links, libraries, symbols and configuration, and no file of it but those ' +
        'that configure it (docs/host-profile.md). The same host gives the same file.',
    )
    .option('--root <dir>', 'the root or the image of the host', '/')
    .requiredOption('-o, --output <profile>', 'the file to write')
    .option('--quiet', 'no messages')
    .action(async ({ root, output, quiet = false }: { root: string; output: string; quiet?: boolean }) => {
      const say = progress({ quiet });
      const bytes = await withHost(root, open => encodeProfile(snapshot(checkHost(open(), root))));
      await publishBytes(output, bytes, say);
      say.message(`${output}: ${size(bytes.length)}`);
    });
}

function diffCommand(): Command {
  return createCommand('host diff')
    .name('diff')
    .summary('show what differs between two hosts')
    .description(
      'Shows what differs between two hosts, or a host and its next release: os-release, libraries, their symbol ' +
        'versions, units.',
    )
    .argument('<before>', 'a root, image or profile')
    .argument('<after>', 'another')
    .option('--json', 'print one JSON document')
    .action(async (before: string, after: string, { json }: { json?: true }) => {
      await withHosts([before, after], ([old, now]) => {
        const diff = diffHosts(old!, now!);
        process.stdout.write(
          json
            ? `${JSON.stringify(hostDiffDocument(diff), undefined, 2)}\n`
            : hostDiffText(diff, terminalStyle()),
        );
      });
    });
}
