import type { Audit } from '../audit/audit.ts';
import type { FeedAnswer, Gate } from '../audit/gate.ts';
import type { Page } from '../audit/finding.ts';
import { printable } from '../printable.ts';
import { auditText } from './findings-text.ts';
import type { Style } from './style.ts';

export const GATE_SCHEMA = 'flix.gate/1';

export function gateDocument(gate: Gate): { readonly schema: typeof GATE_SCHEMA } & Gate {
  return { schema: GATE_SCHEMA, ...gate };
}

/** Presents what the update adds as an audit of the next host. */
export function gateAudit({ next, extensions, findings }: Gate): Audit {
  return { extensions, hosts: [next], findings };
}

export function gateText(
  gate: Gate,
  pages: ReadonlyMap<string, Page>,
  style: Style,
  unfolded = false,
): string {
  const { today, next, findings, answers } = gate;
  const from = `the update from ${printable(today)} to ${printable(next)}`;
  if (findings.length === 0) return `${from} has no effect on the installed extensions\n`;
  const lines = answers.map(answer => `${answerText(answer, next)}\n`).join('');
  return `${style.strong(`findings that ${from} adds:`)}\n\n${auditText(gateAudit(gate), pages, style, unfolded)}${lines}`;
}

function answerText({ extension, fits, tried }: FeedAnswer, next: string): string {
  const on = printable(next);
  const versions = tried.map(({ version }) => version).join(', ');
  return (
    printable(extension) +
    (fits === null
      ? `: no version in the feed works on ${on} (tried: ${printable(versions)})`
      : `: version ${printable(fits)} in the feed works on ${on}`)
  );
}
