import type { Command } from 'commander';
import { diffHosts } from '../audit/host-diff.ts';
import { publishBytes } from '../io/publish.ts';
import { hostDiffDocument, hostDiffText } from '../report/host-diff.ts';
import { size } from '../report/numbers.ts';
import { extensionTypes } from '../systemd/extension-type.ts';
import { mergedExtensions } from '../systemd/merged-extensions.ts';
import { packageOf } from '../packages/database.ts';
import { readRpm } from '../vendor/packages.ts';
import { encodeProfile } from '../view/profile/profile.ts';
import { snapshot } from '../view/profile/snapshot.ts';
import { checkHost, withHost, withHosts } from './host-view.ts';
import { createCommand } from './command.ts';
import { messageOptions } from './option-table.ts';
import { addOptions, optionValues } from './options.ts';
import { jsonText, messagesOf, terminalStyle, writeResult } from './output.ts';
import { expectShortRun } from './short-run.ts';

export function hostCommand(): Command {
  return createCommand('host')
    .description(
      'Records what an audit needs to know of a host in one small file, a profile, and compares hosts.',
    )
    .helpCommand(false)
    .addCommand(snapshotCommand())
    .addCommand(diffCommand());
}

function snapshotCommand(): Command {
  const command = createCommand('host snapshot')
    .name('snapshot')
    .summary('write the profile of a host')
    .description(
      'Writes the profile of a host: its file names, links, libraries, symbols and configuration. The contents of ' +
        'other files are not included (docs/host-profile.md). The same host gives the same profile.',
    )
    .option('--root <dir>', 'the root or the image of the host', '/')
    .requiredOption('-o, --output <profile>', 'the file to write');
  return addOptions(command, messageOptions).action(
    async ({ root, output }: { root: string; output: string }) => {
      const messages = messagesOf(optionValues(command, messageOptions));
      expectShortRun();
      messages.step(`reading ${root}`);
      const bytes = await withHost(root, async open => {
        const view = checkHost(open(), root);
        const merged = extensionTypes.flatMap(type => Array.from(mergedExtensions(view, type)));
        if (merged.length > 0)
          messages.message(
            `${root} has merged ${merged.join(', ')}: the profile takes their files for those of the host; for a profile of the host alone, run systemd-sysext unmerge first`,
          );
        await readRpm([view]);
        return encodeProfile(snapshot(view, packageOf));
      });
      await publishBytes(output, bytes, messages);
      messages.done();
      messages.message(`${output}: ${size(bytes.length)}`);
    },
  );
}

function diffCommand(): Command {
  return createCommand('host diff')
    .name('diff')
    .summary('show what differs between two hosts')
    .description(
      'Shows what differs between two hosts, or between a host and its next release: os-release, libraries, symbol ' +
        'versions and units.',
    )
    .argument('<before>', 'a root, image or profile')
    .argument('<after>', 'the root, image or profile to compare it with')
    .option('--json', 'print one JSON document')
    .action(async (before: string, after: string, { json }: { json?: true }) => {
      await withHosts([before, after], ([first, second]) => {
        const diff = diffHosts(first!, second!);
        writeResult(json ? jsonText(hostDiffDocument(diff)) : hostDiffText(diff, terminalStyle()));
      });
    });
}
