import { FlixError } from '../errors.ts';
import type { ReleaseRequest } from '../pack/release.ts';
import { bindingTo, type Release } from '../systemd/decision.ts';
import type { ExtensionRules } from '../systemd/extension-type.ts';
import { readOsRelease } from '../view/os-release.ts';
import { checkHost, openHost } from './host-view.ts';
import type { ImageOptions } from './option-table.ts';

type ReleaseOptions = Pick<ImageOptions, 'osId' | 'osVersionId' | 'sysextLevel' | 'scope' | 'reloadManager'>;

/**
 * What the release file must contain, by the options or by the host that the image is for. Throws `FlixError` `usage`.
 *
 * @param host its os-release; `undefined`: none was given
 * @param rules `undefined`: the image is a portable service, which has no release file
 */
export function releaseRequest(
  options: ReleaseOptions,
  host: Release | undefined,
  rules: ExtensionRules | undefined,
): ReleaseRequest {
  const { osId, osVersionId, sysextLevel, scope, reloadManager } = options;
  const others = { ...(scope && { scope }), ...(reloadManager !== undefined && { reloadManager }) };
  if (host) {
    if (osId !== undefined || osVersionId !== undefined || sysextLevel !== undefined)
      throw usage(
        '--host cannot be combined with --os-id, --os-version-id or --sysext-level',
        'Use one or the other.',
      );
    return { ...(rules && bindingTo(host, rules)), ...others };
  }
  const bindsVersion = osVersionId !== undefined || sysextLevel !== undefined;
  if (osId === undefined && bindsVersion)
    throw usage(
      '--os-version-id and --sysext-level have no effect without --os-id',
      'Add --os-id with the ID= from the host’s os-release.',
    );
  if (osId === '_any' && bindsVersion)
    throw usage(
      '--os-id _any fits every host, whatever its version or level',
      'Remove --os-version-id and --sysext-level, or name the ID= of a host.',
    );
  return {
    ...(osId !== undefined && { id: osId }),
    ...(osVersionId !== undefined && { versionId: osVersionId }),
    ...(sysextLevel !== undefined && { level: sysextLevel }),
    ...others,
  };
}

/** Reads the os-release of a root or host profile. Throws `FlixError`: `no-host`, `not-unpacked`. */
export function hostRelease(place: string): Release {
  return readOsRelease(checkHost(openHost(place), place))!;
}

function usage(message: string, fix: string): FlixError {
  return new FlixError('input', 'usage', message, fix);
}
