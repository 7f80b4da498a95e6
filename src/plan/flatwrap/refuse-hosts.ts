import { FlixError } from '../../errors.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import type { Wanted } from './asked.ts';

/** What choices put under the user's control. */
const OPTIONS = new Set(['/etc', '/var', '/home']);

/** Refuses what would be staged and never seen, since the view shows the host's directory there. Throws `FlixError`. */
export function refuseHosts(
  wanted: readonly Wanted[],
  loaded: readonly LoadedObject[],
  isHosts: (path: string) => boolean,
): void {
  const lost =
    wanted.find(({ real }) => isHosts(real)) ??
    loaded.find(({ real, path }) => isHosts(real) || isHosts(path));
  if (!lost) return;
  const top = `/${lost.real.split('/')[1]}`;
  const why = 'why' in lost ? lost.why : `needed by ${lost.requester?.real}`;
  throw new FlixError(
    'input',
    'host-provided',
    `${lost.real} (${why}) would not be seen: the view shows the host’s ${top}`,
    OPTIONS.has(top)
      ? `Let the view show the staged one: --${top.slice(1)} staged. Or give the file a place for the host: ${lost.path}:/usr/….`
      : 'Put it below /usr or /opt of the root.',
  );
}
