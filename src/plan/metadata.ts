import { FlixError } from '../errors.ts';
import { releasePath } from '../systemd/extension-release.ts';
import type { Claims } from './claims.ts';
import { manifestPath } from '../manifest/manifest.ts';

/**
 * Claims the extension-release file, unless the tree brings its own, which may say more (`ID=`, `SYSEXT_LEVEL=`), and
 * sees to it that the place of the manifest is free. Throws `FlixError`.
 */
export function claimMetadata(
  claims: Claims,
  { name, prefix }: { readonly name: string; readonly prefix: string },
  architecture: string | undefined,
): void {
  const release = releasePath(name);
  if (!claims.get(release))
    claims.claim({
      target: release,
      role: 'metadata',
      content: { kind: 'text', text: extensionRelease(architecture) },
      why: 'systemd-sysext merges no tree without it',
    });
  const manifest = manifestPath({ prefix });
  if (claims.get(manifest))
    throw new FlixError(
      'input',
      'manifest-taken',
      `${manifest} is there already and no manifest of flix, which would go to that place`,
      'Remove it, or name another private directory with --prefix.',
    );
  const above = claims.inTheWay(manifest);
  if (above)
    throw new FlixError(
      'input',
      'manifest-taken',
      `${above.target} is no directory (${above.why}), and ${manifest} has to go below it`,
      'Remove it, or name another private directory with --prefix.',
    );
}

/** extension-release(5): self-contained, so for every OS. */
export function extensionRelease(architecture: string | undefined): string {
  return `ID=_any\n${architecture === undefined ? '' : `ARCHITECTURE=${architecture}\n`}`;
}
