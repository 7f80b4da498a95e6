import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import type { Severity } from '../../src/audit/finding.ts';
import { program } from '../../test/lab/flix.ts';
import type { Row } from './row.ts';
import { type WorkRoot, writeLayer } from './run.ts';

/** The part of a finding of `flix audit` that is compared with a run. */
export interface AuditFinding {
  readonly severity: Severity;
  readonly kind: string;
  /** The file of the tree. */
  readonly subject: string;
  /** The path or name to which the message objects. */
  readonly culprit: string;
  readonly message: string;
}

const MERGED = 'mount -t overlay flix-lab -o "lowerdir=$1" "$2"; shift 2; exec "$@"';

/** Audits a tree over the host on which the work of a row runs with it. */
export async function auditOver(
  row: Row,
  root: WorkRoot & { readonly tree: string; readonly host: string },
): Promise<readonly AuditFinding[]> {
  const [layer, host] = ['layer', 'host'].map(name => path.join(root.scratch, name)) as [string, string];
  for (const directory of [layer, host]) fs.mkdirSync(directory);
  writeLayer(row, root, layer);
  const command = [process.execPath, program, 'audit', root.tree, '--host', host, '--json'];
  const merged = `${layer}:${fs.realpathSync(root.host)}`;
  const { stdout, stderr, exitCode } = await execa(
    'unshare',
    ['--mount', 'sh', '-euc', MERGED, 'sh', merged, host, ...command],
    { reject: false, stdin: 'ignore' },
  );
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`flix audit ended with ${exitCode}: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly AuditFinding[] };
  return findings.map(({ severity, kind, subject, culprit, message }) => ({
    severity,
    kind,
    subject,
    culprit,
    message,
  }));
}

/** Whether a finding names one of the paths that programs looked for and did not find, or a directory of it. */
export function namesMissed({ subject, culprit, message }: AuditFinding, missed: readonly string[]): boolean {
  return missed.some(file => [subject, culprit].includes(file) || message.includes(file));
}
