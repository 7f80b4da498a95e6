import type { Feed } from '../pack/feed/feed.ts';
import { printable } from '../printable.ts';

/** What a host reads from then on. */
export function feedText({ directory, url, file, signed, versions }: Feed): string {
  const lines = [
    `feed ${directory}`,
    `  served at    ${url}`,
    `  file         ${file}`,
    `  versions     ${versions.join(', ')}`,
    `  SHA256SUMS   ${signed ? 'signed: Verify=yes' : 'not signed: Verify=no'}`,
  ];
  return lines.map(line => `${printable(line)}\n`).join('');
}
