import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { progress, type Progress } from '../io/progress.ts';
import { announceTools } from '../io/spawn.ts';
import { standardError } from '../io/standard-error.ts';
import { safeOutput } from '../printable.ts';
import { shellWord } from '../shell-word.ts';
import { style, type Style } from '../report/style.ts';

/**
 * Whether a stream is a terminal that shows colour and the user wants it (no-color.org). Always a boolean:
 * `process.stdout.isTTY` is undefined on a pipe, and picocolors then uses colour wherever CI is set.
 */
export function showsColour({ isTTY }: { readonly isTTY?: boolean } = process.stdout): boolean {
  const { NO_COLOR, TERM } = process.env;
  return isTTY === true && !NO_COLOR && TERM !== 'dumb';
}

export function terminalStyle(): Style {
  return style(showsColour());
}

/** The style of what goes to standard error. */
export function diagnosticStyle(): Style {
  return style(showsColour(standardError()));
}

/** Formats the one document that a command prints with `--json`. */
export function jsonText(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Writes results to standard output. All of them go through here, because names from roots and images may contain anything. */
export function writeResult(text: string): void {
  process.stdout.write(safeOutput(text));
}

interface MessageOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Returns where a command prints its messages. Throws `FlixError` `usage`. */
export function messagesOf({ quiet, verbose }: MessageOptions): Progress {
  if (quiet && verbose) throw contradiction('--quiet', '--verbose');
  const messages = progress({ quiet, verbose });
  if (verbose)
    announceTools((tool, args) => messages.message(`running ${[tool, ...args].map(shellWord).join(' ')}`));
  return messages;
}

/** Throws `FlixError` `usage` if `--json` comes with another format, which one of them would ignore. */
export function refuseTwoFormats(
  command: Command,
  { json, format }: { json: boolean; format: string },
): void {
  if (json && format !== 'json' && command.getOptionValueSource('format') === 'cli')
    throw contradiction('--json', `--format ${format}`);
}

export function contradiction(one: string, other: string): FlixError {
  return new FlixError('input', 'usage', `${one} contradicts ${other}`, 'Remove one of the two.');
}
