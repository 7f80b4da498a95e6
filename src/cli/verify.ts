import type { Command } from 'commander';
import { verificationDocument, verificationText } from '../report/verification.ts';
import { type VerifyOptions, verifyImage } from '../verify/verify.ts';
import { createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { messageOptions } from './option-table.ts';
import { addOptions } from './options.ts';
import { jsonText, terminalStyle, writeResult } from './output.ts';

interface CommandOptions {
  readonly certificate?: string;
  readonly roothash?: string;
  readonly sums?: string;
  readonly json?: true;
  readonly quiet?: true;
}

export function verifyCommand(): Command {
  const command = createCommand('verify')
    .description(
      'Checks an image from the outside against everything that describes it: partition tables, hash tree, ' +
        'signature, file system, extension-release, manifest and SHA256SUMS. Each difference is reported with its ' +
        'place in the image.',
    )
    .argument('<image>', 'the image file')
    .option('--certificate <file>', 'certificate of the trusted signer, in PEM format')
    .option('--roothash <hash>', 'the expected root hash (NAME.roothash beside the image is always read)')
    .option('--sums <file>', 'a SHA256SUMS that has to list the image (default: the one beside it, if any)')
    .option('--json', 'print one JSON document');
  return addOptions(command, {
    quiet: { ...messageOptions.quiet, help: 'print no text; only the exit status tells' },
  })
    .addHelpText(
      'after',
      '\nExit status: 0 if nothing differs, 1 if something does, 2 for bad input, 3 if a tool is missing.',
    )
    .action(async (file: string, { certificate, roothash, sums, json, quiet }: CommandOptions) => {
      const options: VerifyOptions = {
        ...(certificate !== undefined && { certificate }),
        ...(roothash !== undefined && { rootHash: roothash }),
        ...(sums !== undefined && { sums }),
      };
      const result = await verifyImage(file, options);
      if (json) writeResult(jsonText(verificationDocument(result)));
      else if (!quiet) writeResult(verificationText(result, terminalStyle()));
      if (result.total > 0) process.exitCode = EXIT.findings;
    });
}
