import { FlixError } from '../errors.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { releasePath } from '../systemd/extension-release.ts';
import type { Claims } from './claims.ts';
import type { PlanRequest } from './request.ts';

/**
 * Claims the extension-release file, unless the tree has its own, which may say more (`ID=`, `SYSEXT_LEVEL=`). Throws
 * `FlixError` if the path of the manifest is taken.
 */
export function claimMetadata(
  claims: Claims,
  { name, prefix, packages }: Pick<PlanRequest, 'name' | 'prefix' | 'packages'>,
  architecture: string | undefined,
): void {
  const release = releasePath(name);
  if (!claims.get(release))
    claims.claim({
      target: release,
      role: 'metadata',
      content: { kind: 'text', text: extensionRelease(architecture, packages?.reload) },
      why: 'required by systemd-sysext',
    });
  const manifest = manifestPath({ prefix });
  if (claims.get(manifest))
    throw new FlixError(
      'input',
      'manifest-taken',
      `${manifest} exists and was not written by flix, but the manifest must go there`,
      'Remove it, or name another private directory with --prefix.',
    );
  const above = claims.inTheWay(manifest);
  if (above)
    throw new FlixError(
      'input',
      'manifest-taken',
      `${above.target} is not a directory (${above.why}), but ${manifest} must go below it`,
      'Remove it, or name another private directory with --prefix.',
    );
}

/** Returns the text of an extension-release file (extension-release(5)): a self-contained tree fits every distribution. */
export function extensionRelease(architecture: string | undefined, reload = false): string {
  const lines = ['ID=_any'];
  if (architecture !== undefined) lines.push(`ARCHITECTURE=${architecture}`);
  if (reload) lines.push('EXTENSION_RELOAD_MANAGER=1');
  return `${lines.join('\n')}\n`;
}
