import { isArchitecture } from './architecture.ts';
import { type ExtensionRules, extensionRules } from './extension-type.ts';

/** The values of an os-release or extension-release file by key: `ID`, `VERSION_ID` and so on. */
export type Release = ReadonlyMap<string, string>;

/** The rule by which systemd ignores an extension, in the order in which it checks them. */
export type Refusal =
  | 'release-file'
  | 'scope'
  | 'architecture'
  | 'no-id'
  | 'id'
  | 'level'
  | 'no-version'
  | 'version';

export type Decision =
  | {
      readonly accepted: true;
      readonly by: 'any' | 'rolling' | 'level' | 'version' | 'unjudged';
      readonly like: boolean;
    }
  | { readonly accepted: false; readonly rule: Refusal; readonly because: string };

type Keys = Pick<ExtensionRules, 'levelKey' | 'scopeKey'>;

/**
 * Decides as systemd does whether it merges an extension on a host (src/shared/extension-util.c,
 * extension_release_validate, 252–262). systemd logs the reason of a refusal at debug level only.
 *
 * @param extension the release file that systemd reads for the image; `undefined`: there is none
 * @param host the os-release of the host; `undefined`: unknown, so the extension is not compared with a host
 * @param architecture of the host's kernel, as systemd spells it; `undefined`: unknown, not compared
 * @param keys the names of the level and scope keys for this type of extension
 */
export function systemdDecision(
  extension: Release | undefined,
  host: Release | undefined,
  architecture: string | undefined,
  keys: Keys = extensionRules.sysext,
): Decision {
  if (!extension || extension.size === 0)
    return refuse('release-file', 'it has no extension-release file for its name');

  const scope = extension.get(keys.scopeKey) ?? 'system portable';
  if (!scope.split(/\s+/).includes('system'))
    return refuse('scope', `${keys.scopeKey}=${scope} does not include “system”`);

  const declared = extension.get('ARCHITECTURE');
  if (declared && declared !== '_any' && !isArchitecture(declared))
    return refuse('architecture', `ARCHITECTURE=${declared} is not an architecture that systemd knows`);
  if (declared && declared !== '_any' && architecture !== undefined && declared !== architecture)
    return refuse('architecture', `ARCHITECTURE=${declared}, but the host is ${architecture}`);

  const id = extension.get('ID');
  if (!id) return refuse('no-id', 'its release file has no ID=');
  if (id === '_any') return accept('any');
  if (!host) return accept('unjudged');

  const same = id === host.get('ID');
  const like = !same && (host.get('ID_LIKE') ?? '').split(/\s+/).includes(id);
  if (!same && !like) return refuse('id', `ID=${id}, but the host has ID=${host.get('ID') ?? ''}`);
  return byVersion(extension, host, like, keys);
}

/**
 * The release values that bind an extension to hosts like this one, as loosely as systemd allows: it compares
 * VERSION_ID= only where the extension or the host has no level.
 */
export function bindingTo(
  host: Release,
  { levelKey }: Pick<ExtensionRules, 'levelKey'>,
): { readonly id: string; readonly level?: string; readonly versionId?: string } {
  const [id, level, versionId] = [host.get('ID') ?? '', host.get(levelKey), host.get('VERSION_ID')];
  return { id, ...(level ? { level } : versionId && { versionId }) };
}

function byVersion(extension: Release, host: Release, like: boolean, { levelKey }: Keys): Decision {
  const [level, hostLevel] = [extension.get(levelKey), host.get(levelKey)];
  const [version, hostVersion] = [extension.get('VERSION_ID'), host.get('VERSION_ID')];
  if (level && hostLevel) {
    if (level !== hostLevel)
      return refuse('level', `${levelKey}=${level}, but the host has ${levelKey}=${hostLevel}`);
    return accept('level', like);
  }
  // a rolling release has neither; a host with a level only also accepts an extension without one
  if (!hostVersion) return accept('rolling', like);
  if (!version)
    return refuse(
      'no-version',
      `its release file has no VERSION_ID=, but the host has VERSION_ID=${hostVersion}`,
    );
  if (version !== hostVersion)
    return refuse('version', `VERSION_ID=${version}, but the host has VERSION_ID=${hostVersion}`);
  return accept('version', like);
}

function accept(by: Extract<Decision, { accepted: true }>['by'], like = false): Decision {
  return { accepted: true, by, like };
}

function refuse(rule: Refusal, because: string): Decision {
  return { accepted: false, rule, because };
}
