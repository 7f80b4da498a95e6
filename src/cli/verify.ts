import type { Command } from 'commander';
import { verificationDocument, verificationText } from '../report/verification.ts';
import { type VerifyOptions, verifyImage } from '../verify/verify.ts';
import { createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { terminalStyle } from './terminal.ts';

interface Flags {
  readonly certificate?: string;
  readonly roothash?: string;
  readonly sums?: string;
  readonly json?: true;
}

export function verifyCommand(): Command {
  return createCommand('verify')
    .description(
      'Computes again from outside everything that an image says of itself and that is said of it: partition ' +
        'tables, hash tree, signature, file system, extension-release, manifest, SHA256SUMS. What differs is named with its place.',
    )
    .argument('<image>', 'a file')
    .option('--certificate <file>', 'of the signer who is trusted, in PEM form')
    .option('--roothash <hash>', 'of the hash tree (NAME.roothash beside the image is read anyway)')
    .option('--sums <file>', 'a SHA256SUMS that has to list the image (default: the one beside it, if any)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExit status: 0 nothing differs, 1 something does, 2 bad input, 3 a tool is missing.',
    )
    .action(async (file: string, { certificate, roothash, sums, json }: Flags) => {
      const options: VerifyOptions = {
        ...(certificate !== undefined && { certificate }),
        ...(roothash !== undefined && { rootHash: roothash }),
        ...(sums !== undefined && { sums }),
      };
      const result = await verifyImage(file, options);
      process.stdout.write(
        json
          ? `${JSON.stringify(verificationDocument(result), undefined, 2)}\n`
          : verificationText(result, terminalStyle()),
      );
      if (result.total > 0) process.exitCode = EXIT.findings;
    });
}
