import type { LoadedObject } from '../resolve/closure.ts';
import type { ChainStep } from '../resolve/reach.ts';
import type { Demand, MissingReason, Reason } from '../resolve/reasons.ts';
import { count, size } from './numbers.ts';
import { objectSize, originText, providerLabel } from './origin.ts';
import { printable } from '../printable.ts';
import { missingText } from './problems.ts';
import type { TextFormat } from './style.ts';

/** The answer of `flix why`. */
export interface Answer {
  /** As it was named on the command line. */
  readonly library: string;
  /** The number of entries that were resolved. */
  readonly entries: number;
  readonly reasons: readonly Reason[];
  readonly missing: readonly MissingReason[];
}

export interface WhyFormat extends TextFormat {
  /** Whether to print what leaving out the object would save. */
  readonly size: boolean;
  /** The number of chains, and of programs, shown for each object. */
  readonly limit: number;
}

export function whyText({ entries, reasons, missing }: Answer, format: WhyFormat): string {
  const paragraphs = [
    ...reasons.map(reason => reasonText(reason, entries, format)),
    ...missing.map(reason => missingReasonText(reason, format)),
  ];
  return paragraphs.join('\n\n');
}

function reasonText(
  { object, entries, demands, exclusive }: Reason,
  resolved: number,
  format: WhyFormat,
): string {
  const { strong, faint } = format.style;
  const { path } = object;
  const from = format.several ? [providerLabel(object)] : [];
  const paragraphs = [
    `${strong(printable(path))}  ${faint(`(${[...from, size(objectSize(object))].join('; ')})`)}\n` +
      (resolved === 1 ? '' : `loaded by ${entries.length} of ${resolved} programs\n`),
  ];
  const own = demands.filter(({ entry, requester }) => entry === requester);
  const through = demands.filter(({ entry, requester }) => entry !== requester);
  if (resolved === 1) paragraphs.push(...demands.map(demand => chainText(demand, format)));
  else {
    if (own.length > 0)
      paragraphs.push(
        `${asking(own)}:\n${cut(
          own.map(demand => ownLine(demand, format)),
          format,
        )}`,
      );
    const chains = through.slice(0, format.limit);
    paragraphs.push(
      ...chains.map(
        demand =>
          `${printable(demand.requester.path)} asks for it, in ${count(demand.entries, 'program')}; for example:\n${chainText(demand, format)}`,
      ),
    );
    if (through.length > chains.length)
      paragraphs.push(
        faint(`… and so do ${through.length - chains.length} more libraries; --json lists all of them`),
      );
  }
  if (format.size) paragraphs.push(exclusiveText(exclusive));
  return paragraphs.map(text => text.trimEnd()).join('\n\n');
}

function ownLine({ entry, steps }: Demand, format: WhyFormat): string {
  return `  ${printable(entry.path)}  ${format.style.faint(`(${foundText(steps.at(-1)!)})`)}`;
}

function missingReasonText({ missing, demand }: MissingReason, format: WhyFormat): string {
  return [chainText(demand, format), missingText([missing], format)].join('\n');
}

/** Shows an entry and the objects that lead from it, each below the one that asks for it. */
function chainText({ entry, steps }: Demand, { style, several }: WhyFormat): string {
  const lines = steps.map((step, depth) => {
    const facts = [foundText(step), ...(several ? [providerLabel(step.object)] : [])];
    return `${'   '.repeat(depth)}└─ ${printable(step.edge.name)} => ${printable(step.object.path)}  ${style.faint(`(${facts.join('; ')})`)}`;
  });
  return [printable(entry.path), ...lines].join('\n');
}

/** For a name that is already loaded, says how the object was found the first time. */
function foundText({ edge, object }: ChainStep): string {
  const { origin } = edge;
  if (!origin) return 'not found';
  if (origin.kind !== 'loaded' || !object.origin || !object.requester) return originText(origin);
  return `already loaded for ${printable(object.requester.path)}: ${originText(object.origin)}`;
}

function exclusiveText(exclusive: readonly LoadedObject[]): string {
  const sized = exclusive
    .map(object => ({ object, bytes: objectSize(object) }))
    .sort((a, b) => b.bytes - a.bytes);
  const total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  if (sized.length === 0) return 'leaving it out would save nothing, since it is an entry itself';
  return [
    `leaving it out would save ${size(total)}:`,
    ...sized.map(({ object, bytes }) => `  ${size(bytes).padStart(7)}  ${printable(object.path)}`),
  ].join('\n');
}

function cut(lines: readonly string[], { limit, style }: WhyFormat): string {
  if (lines.length <= limit) return lines.join('\n');
  return [
    ...lines.slice(0, limit),
    style.faint(`  … and ${lines.length - limit} more; --json lists all of them`),
  ].join('\n');
}

function asking({ length }: readonly unknown[]): string {
  return length === 1 ? '1 program asks for it itself' : `${length} programs ask for it themselves`;
}
