import { glibc } from '../../libc/libc.ts';
import type { Loader } from '../../resolve/loader.ts';
import { follow } from '../../view/follow.ts';
import { basename, join, parent, within } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import { prefixFiles } from '../../wrap/wrapper.ts';
import type { Wrapping } from '../../wrap/wrapping.ts';
import type { Claims } from '../claims.ts';
import type { Content } from '../plan.ts';
import type { StagedRoot } from './staged-root.ts';

const LOOKED_UP = 'where the loader looks libraries up';

/** Claims what makes a view of the staged root: the mount table, its mount points, and the mark of being inside. */
export function claimViewFiles(claims: Claims, staged: StagedRoot, wrapping: Wrapping): void {
  const metadata = (target: string, text: string, why: string) =>
    claims.claim({ target, role: 'metadata', content: { kind: 'text', text }, why });
  for (const [file, text] of prefixFiles(wrapping))
    metadata(join(wrapping.prefix, file), text, 'makes the view');
  metadata(staged.place(`/usr/.${wrapping.name}`), '', 'tells a wrapper that it is called inside the view');
  for (const { from, to } of wrapping.mounts)
    if (to !== wrapping.prefix && within(wrapping.prefix, to) && !claims.get(to))
      claims.claim({
        target: to,
        role: 'metadata',
        content: { kind: 'mount-point' },
        why: `where ${from} of the host appears`,
      });
}

/**
 * Brings what the loaders read below /etc: glibc's cache, musl's list of directories.
 *
 * @returns whether the view has to show the cache where the host's /etc has another; an empty one is none
 */
export function claimLoaderFiles(
  claims: Claims,
  staged: StagedRoot,
  view: View,
  loaders: readonly Loader[],
  isHosts: (path: string) => boolean,
): boolean {
  for (const { pathFile } of loaders) if (pathFile !== undefined) staged.bring(pathFile, LOOKED_UP);
  if (!loaders.some(({ cacheFile }) => cacheFile === glibc.cacheFile)) return false;
  if (!isHosts(glibc.cacheFile)) {
    staged.bring(glibc.cacheFile, LOOKED_UP);
    return false;
  }
  const found = follow(view, glibc.cacheFile);
  const content: Content =
    found.path !== undefined && found.kind === 'file'
      ? { kind: 'copy', view, path: found.path, edits: [] }
      : { kind: 'text', text: '' };
  // the host's /etc covers what stands in /etc, but not for whoever asks the loader in the staged root alone
  const target = staged.place('/ld.so.cache');
  claims.claim({ target, role: 'metadata', content, why: LOOKED_UP });
  staged.link(glibc.cacheFile, '/ld.so.cache', LOOKED_UP);
  return true;
}

/** A place inside the view without links on the way, as far as the root has it: a mount must not follow them out of it. */
export function settled(view: View, path: string): string {
  const real = follow(view, path).path;
  if (real !== undefined || path === '/') return real ?? path;
  return join(settled(view, parent(path)), basename(path));
}
