import { printable } from '../printable.ts';
import type { PerHost } from '../vendor/per-host.ts';
import { size as bytes } from './numbers.ts';

/** Shows the sizes of one tree for all hosts and of those for each release, and which are made. */
export function perHostText({ releases, common, isSplit, because }: PerHost): string {
  const rows: [string, string][] = [
    ['one tree for all', common.size === undefined ? 'cannot be made' : bytes(common.size)],
    ...releases.map(({ name, size }): [string, string] => [`for ${name}`, bytes(size)]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const made = isSplit ? 'one tree for each release' : 'one tree for all';
  const lines = [`${made}: ${because}`, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)];
  return lines.map(line => `${printable(line)}\n`).join('');
}

/** Returns the same for scripts, with sizes in bytes. */
export function perHostDocument({ releases, common, isSplit, because }: PerHost) {
  return {
    split: isSplit,
    because,
    common: common.size ?? null,
    releases: releases.map(({ name, size }) => ({ name, size })),
  };
}
