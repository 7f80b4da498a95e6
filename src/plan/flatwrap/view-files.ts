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

const LOOKED_UP = 'tells the loader where libraries are';

/** Claims the files that set up the view: the mount table, mount points, and the marker that wrappers find inside it. */
export function claimViewFiles(claims: Claims, staged: StagedRoot, wrapping: Wrapping): void {
  const metadata = (target: string, text: string, why: string) =>
    claims.claim({ target, role: 'metadata', content: { kind: 'text', text }, why });
  for (const [file, text] of prefixFiles(wrapping))
    metadata(join(wrapping.prefix, file), text, 'sets up the view');
  metadata(staged.place(`/usr/.${wrapping.name}`), '', 'tells wrappers that they run inside the view');
  for (const { from, to } of wrapping.mounts)
    if (to !== wrapping.prefix && within(wrapping.prefix, to) && !claims.get(to))
      claims.claim({
        target: to,
        role: 'metadata',
        content: { kind: 'mount-point' },
        why: `mount point of the host’s ${from}`,
      });
}

/**
 * Stages the files that loaders read below /etc: glibc's cache, musl's list of directories.
 *
 * @returns whether the staged cache must be mounted over that of the host's /etc; it may be empty, which glibc ignores
 */
export function claimLoaderFiles(
  claims: Claims,
  staged: StagedRoot,
  view: View,
  loaders: readonly Loader[],
  isHosts: (path: string) => boolean,
): boolean {
  for (const { pathFile } of loaders) if (pathFile !== undefined) staged.add(pathFile, LOOKED_UP);
  if (!loaders.some(({ cacheFile }) => cacheFile === glibc.cacheFile)) return false;
  if (!isHosts(glibc.cacheFile)) {
    staged.add(glibc.cacheFile, LOOKED_UP);
    return false;
  }
  const found = follow(view, glibc.cacheFile);
  const content: Content =
    found.path !== undefined && found.kind === 'file'
      ? { kind: 'copy', view, path: found.path, edits: [] }
      : { kind: 'text', text: '' };
  // the host's /etc hides the staged one in the view, but not if the loader runs in the staged root alone
  const target = staged.place('/ld.so.cache');
  claims.claim({ target, role: 'metadata', content, why: LOOKED_UP });
  staged.link(glibc.cacheFile, '/ld.so.cache', LOOKED_UP);
  return true;
}

/** Resolves the links of a path inside the view, as far as it exists: a mount must not follow them out of the view. */
export function settled(view: View, path: string): string {
  const real = follow(view, path).path;
  if (real !== undefined || path === '/') return real ?? path;
  return join(settled(view, parent(path)), basename(path));
}
