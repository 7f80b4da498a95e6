import type { View } from '../../view/view.ts';
import { unitDropIn } from '../../wrap/unit.ts';
import { wrapper } from '../../wrap/wrapper.ts';
import type { Wrapping } from '../../wrap/wrapping.ts';
import type { Claims } from '../claims.ts';
import type { Remark } from '../../manifest/manifest.ts';
import type { Asked } from './asked.ts';
import { dropInPath } from './units.ts';

const SETUID_OR_SETGID = 0o6000;

/** Claims a wrapper for each entry, and a drop-in for each unit that systemd itself shows the view. */
export function claimWrappers(
  claims: Claims,
  { entries, units }: Asked,
  wrapping: Wrapping,
  view: View,
): Remark[] {
  for (const { target, path } of entries)
    claims.claim({
      target,
      role: 'wrapper',
      content: { kind: 'text', text: wrapper(wrapping, path), executable: true },
      why: `starts ${path} in the view`,
    });
  for (const unit of units)
    if (unit.native)
      claims.claim({
        target: dropInPath(unit),
        role: 'metadata',
        content: { kind: 'text', text: unitDropIn(wrapping) },
        why: `gives ${unit.target} the view`,
      });
  return entries
    .filter(({ real }) => (view.stat(real).mode & SETUID_OR_SETGID) !== 0)
    .map(({ target }) => ({
      code: 'setuid-entry',
      file: target,
      message:
        'is setuid or setgid in its root: wrapped, it has the rights of its caller, so it works for root alone',
    }));
}
