import { FlixError } from '../errors.ts';
import { manifestPath, sbomPath } from '../manifest/manifest.ts';
import { releasePath } from '../systemd/extension-release.ts';
import type { Claims } from './claims.ts';
import type { PlanRequest } from './request.ts';

/**
 * Claims the extension-release file, unless the tree has its own, which may say more (`ID=`, `SYSEXT_LEVEL=`). Throws
 * `FlixError` if the path of the manifest or SBOM is taken.
 *
 * @param binding see `extensionRelease`
 */
export function claimMetadata(
  claims: Claims,
  { name, prefix, packages, sbom }: Pick<PlanRequest, 'name' | 'prefix' | 'packages' | 'sbom'>,
  architecture: string | undefined,
  binding?: readonly string[],
): void {
  const release = releasePath(name);
  if (!claims.get(release))
    claims.claim({
      target: release,
      role: 'metadata',
      content: { kind: 'text', text: extensionRelease(architecture, packages?.reload, binding) },
      why: 'required by systemd-sysext',
    });
  refuseTaken(claims, manifestPath({ prefix }), 'manifest');
  if (sbom) refuseTaken(claims, sbomPath({ prefix }), 'SBOM');
}

/** Throws `FlixError` if something has the place of a file that is written last. */
function refuseTaken(claims: Claims, path: string, what: 'manifest' | 'SBOM'): void {
  const above = claims.inTheWay(path);
  if (!claims.get(path) && !above) return;
  throw new FlixError(
    'input',
    what === 'SBOM' ? 'sbom-taken' : 'manifest-taken',
    above
      ? `${above.target} is not a directory (${above.why}), but ${path} must go below it`
      : `${path} exists and was not written by flix, but the ${what} must go there`,
    'Remove it, or name another private directory with --prefix.',
  );
}

const ANY = ['ID=_any'];

/**
 * Returns the text of an extension-release file (extension-release(5)).
 *
 * @param binding the lines that bind it to hosts; by default, it fits every distribution, as a self-contained tree does
 */
export function extensionRelease(
  architecture: string | undefined,
  reload = false,
  binding: readonly string[] = ANY,
): string {
  const lines = [...binding];
  if (architecture !== undefined) lines.push(`ARCHITECTURE=${architecture}`);
  if (reload) lines.push('EXTENSION_RELOAD_MANAGER=1');
  return `${lines.join('\n')}\n`;
}
