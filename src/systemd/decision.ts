import { type ExtensionRules, extensionRules } from './extension-type.ts';

/** `ID=`, `VERSION_ID=` and the like of an os-release or extension-release file. */
export type Release = ReadonlyMap<string, string>;

/** What made systemd decide against an extension, in the order in which it looks. */
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
 * Whether systemd merges an extension on a host. A refusal is silent: systemd says why at debug level only
 * (src/shared/extension-util.c, extension_release_validate, 252–262).
 *
 * @param extension the release file that systemd reads for this image; `undefined`: it finds none
 * @param host its os-release; `undefined`: no host is known, so only what the extension says of itself is judged
 * @param architecture of the host's kernel, in systemd's spelling; `undefined`: not known, not judged
 * @param keys as extensions of its type spell them
 */
export function systemdDecision(
  extension: Release | undefined,
  host: Release | undefined,
  architecture: string | undefined,
  keys: Keys = extensionRules.sysext,
): Decision {
  if (!extension || extension.size === 0)
    return refuse('release-file', 'it carries no extension-release file of its own name');

  const scope = extension.get(keys.scopeKey) ?? 'system portable';
  if (!scope.split(/\s+/).includes('system'))
    return refuse('scope', `${keys.scopeKey}=${scope} leaves out “system”, the running system`);

  const wanted = extension.get('ARCHITECTURE');
  if (wanted && wanted !== '_any' && architecture !== undefined && wanted !== architecture)
    return refuse('architecture', `ARCHITECTURE=${wanted}, and the host is ${architecture}`);

  const id = extension.get('ID');
  if (!id) return refuse('no-id', 'its release file has no ID=');
  if (id === '_any') return accept('any');
  if (!host) return accept('unjudged');

  const same = id === host.get('ID');
  const like = !same && (host.get('ID_LIKE') ?? '').split(/\s+/).includes(id);
  if (!same && !like) return refuse('id', `ID=${id}, and the host has ID=${host.get('ID') ?? ''}`);
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
      return refuse('level', `${levelKey}=${level}, and the host has ${levelKey}=${hostLevel}`);
    return accept('level', like);
  }
  // a rolling release has neither; and a host with a level alone takes an extension that names none
  if (!hostVersion) return accept('rolling', like);
  if (!version)
    return refuse('no-version', `it names no VERSION_ID=, and the host has VERSION_ID=${hostVersion}`);
  if (version !== hostVersion)
    return refuse('version', `VERSION_ID=${version}, and the host has VERSION_ID=${hostVersion}`);
  return accept('version', like);
}

function accept(by: Extract<Decision, { accepted: true }>['by'], like = false): Decision {
  return { accepted: true, by, like };
}

function refuse(rule: Refusal, because: string): Decision {
  return { accepted: false, rule, because };
}
