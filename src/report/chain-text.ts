import type { ChainLink } from '../audit/finding.ts';
import { printable } from '../printable.ts';
import { originText } from './origin.ts';

/** `/usr/bin/app → libz.so.1 (cache)` */
export function chainText(chain: readonly ChainLink[]): string {
  const last = chain.at(-1);
  const end = last && (last.path === null ? 'not found' : last.origin && originText(last.origin));
  return chain.map(({ name }) => printable(name)).join(' → ') + (end ? ` (${end})` : '');
}
