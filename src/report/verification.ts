import type { Fault } from '../image/fault.ts';
import { rangeText } from '../image/range.ts';
import { partitionTypeName } from '../image/partition-types.ts';
import { printable } from '../printable.ts';
import type { Verification } from '../verify/verify.ts';
import { count, size as bytes } from './numbers.ts';
import type { Style } from './style.ts';

/** The document of `flix verify --json`. */
export function verificationDocument(verification: Verification) {
  const { type, name, rootHash, signer, partitions, volumes, checks, faults, total, ...rest } = verification;
  return {
    schema: 'flix.verify/1',
    ...rest,
    type: type ?? null,
    name: name ?? null,
    rootHash: rootHash ?? null,
    signer: signer ?? null,
    partitions: partitions.map(({ number, type: kind, uuid, offset, size }) => ({
      number,
      type: partitionTypeName(kind),
      uuid,
      offset,
      size,
    })),
    volumes: volumes.map(({ type: fileSystem, at, offset, size }) => ({ fileSystem, at, offset, size })),
    checks: checks.map(({ what, result, note }) => ({ what, result, note: note ?? null })),
    total,
    faults: faults.map(({ code, part, message, at, path }) => ({
      code,
      part,
      message,
      at: at ?? null,
      path: path ?? null,
    })),
  };
}

export function verificationText(verification: Verification, style: Style): string {
  const { path, size, volumes, type, name, rootHash, signer, checks, faults, total } = verification;
  const lines = [style.strong(printable(path)), `  size         ${bytes(size)} (${size} bytes)`];
  if (type !== undefined)
    lines.push(`  type         ${type}${name === undefined ? '' : `, called ${printable(name)}`}`);
  for (const { type: fileSystem, at, partition } of volumes)
    lines.push(`  ${at.padEnd(11)}  ${fileSystem}${partition ? `, partition ${partition.number}` : ''}`);
  if (rootHash !== undefined) lines.push(`  root hash    ${rootHash}`);
  if (signer !== undefined) lines.push(`  signed by    certificate ${signer}`);
  for (const { what, result, note } of checks) {
    const word = { good: 'good', bad: style.bad('bad '), open: style.faint('open') }[result];
    lines.push(`  ${word}  ${what}${note === undefined ? '' : `: ${printable(note)}`}`);
  }
  lines.push(...faults.flatMap(fault => faultLines(fault, style)));
  if (total > faults.length) lines.push(`… and ${total - faults.length} more`);
  lines.push(total === 0 ? 'no differences' : count(total, 'difference'));
  return `${lines.join('\n')}\n`;
}

function faultLines({ code, part, message, at, path }: Fault, style: Style): string[] {
  const place = [part, ...(path === undefined ? [] : [path]), ...(at ? [rangeText(at)] : [])].join(', ');
  return [
    `${style.bad(printable(place))} ${style.faint(code)}`,
    ...message.split('\n').map(line => `    ${printable(line)}`),
  ];
}
