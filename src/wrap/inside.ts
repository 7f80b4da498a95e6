import { within } from '../view/path.ts';
import type { Mount, Wrapping } from './wrapping.ts';

/** A mount of the view as one sees it inside, for tools that take the host's paths as they are outside of it. */
export interface InsideMount {
  readonly from: string;
  readonly at: string;
  readonly readOnly: boolean;
  readonly optional: boolean;
  readonly ofCache: boolean;
}

/** The staged root's first, since the others lie in it. */
export function insideMounts({ form, prefix, mounts }: Wrapping): InsideMount[] {
  const [outside, inside] = form === 'overmount' ? [`${prefix}/usr`, '/usr'] : [prefix, ''];
  const at = ({ from, to }: Mount) => {
    if (from === outside) return inside || '/';
    return within(outside, to) ? inside + to.slice(outside.length) : to;
  };
  const seen = mounts.map(mount => ({
    from: mount.from,
    at: at(mount),
    readOnly: mount.readOnly ?? false,
    optional: mount.optional ?? false,
    ofCache: mount.ofCache ?? false,
  }));
  return [...seen.filter(({ from }) => from === outside), ...seen.filter(({ from }) => from !== outside)];
}
