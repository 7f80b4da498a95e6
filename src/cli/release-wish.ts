import { systemdDecision } from '../systemd/decision.ts';
import { FlixError } from '../errors.ts';
import type { ReleaseWish } from '../pack/release.ts';
import { type ImageType, rulesOf } from '../systemd/image-type.ts';
import { extensionRules, type ExtensionType } from '../systemd/extension-type.ts';
import { readOsRelease } from '../view/os-release.ts';
import { checkHost, openHost } from './host-view.ts';
import type { ImageOptions } from './option-table.ts';

type ReleaseFlags = Pick<ImageOptions, 'osId' | 'osVersionId' | 'sysextLevel' | 'scope' | 'reloadManager'>;
type Release = ReadonlyMap<string, string>;

/** What the release file shall say: as the options say, or as a host says of itself. Throws `FlixError`. */
export function releaseWish(flags: ReleaseFlags, host: string | undefined, type: ImageType): ReleaseWish {
  const { osId, osVersionId, sysextLevel, scope, reloadManager } = flags;
  const others = { ...(scope && { scope }), ...(reloadManager !== undefined && { reloadManager }) };
  if (host !== undefined) {
    if (osId !== undefined || osVersionId !== undefined || sysextLevel !== undefined)
      throw usage(
        '--host and --os-id, --os-version-id or --sysext-level say the same',
        'take one or the other',
      );
    return { ...hostWish(hostRelease(host), type), ...others };
  }
  if (osId === undefined && (osVersionId !== undefined || sysextLevel !== undefined))
    throw usage(
      'a version or level binds to nothing without --os-id',
      'add --os-id, as in os-release of the host',
    );
  if (osId === '_any' && (osVersionId !== undefined || sysextLevel !== undefined))
    throw usage(
      '--os-id _any fits every host, whatever its version or level',
      'take that away, or name an ID',
    );
  return {
    ...(osId !== undefined && { id: osId }),
    ...(osVersionId !== undefined && { versionId: osVersionId }),
    ...(sysextLevel !== undefined && { level: sysextLevel }),
    ...others,
  };
}

/** Where both sides have a level, systemd does not look at the version. */
function hostWish(release: Release, type: ImageType): ReleaseWish {
  const rules = rulesOf(type);
  const level = rules && release.get(rules.levelKey);
  const versionId = release.get('VERSION_ID');
  return {
    id: release.get('ID')!,
    ...(level ? { level } : versionId !== undefined && { versionId }),
  };
}

function hostRelease(host: string): Release {
  return readOsRelease(checkHost(openHost(host), host))!;
}

/**
 * Whether systemd would take an extension with these release values, on the host if one is named. What is meant for an
 * initrd or a portable service alone is its maker's choice.
 */
export function releaseJudge(
  type: ExtensionType,
  host: string | undefined,
): (release: Release) => string | undefined {
  const target = host === undefined ? undefined : hostRelease(host);
  return release => {
    const decision = systemdDecision(release, target, undefined, extensionRules[type]);
    return decision.accepted || decision.rule === 'scope' ? undefined : decision.because;
  };
}

function usage(message: string, fix: string): FlixError {
  return new FlixError('input', 'usage', message, fix);
}
