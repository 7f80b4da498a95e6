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

/** The values of a release file that bind an extension to some hosts. */
export interface Binding {
  readonly id: string;
  readonly level?: string;
  readonly versionId?: string;
}

/**
 * The release values that bind an extension to hosts like this one, as loosely as systemd allows: it compares
 * VERSION_ID= only where the extension or the host has no level.
 */
export function bindingTo(host: Release, { levelKey }: Pick<ExtensionRules, 'levelKey'>): Binding {
  const [id, level, versionId] = [host.get('ID') ?? '', host.get(levelKey), host.get('VERSION_ID')];
  return { id, ...(level ? { level } : versionId && { versionId }) };
}

/** Returns the values that bind an extension to hosts of this release alone, even if other releases have the same level. */
export function bindingToRelease(host: Release, rules: Pick<ExtensionRules, 'levelKey'>): Binding {
  const versionId = host.get('VERSION_ID');
  return versionId ? { id: host.get('ID') ?? '', versionId } : bindingTo(host, rules);
}

/** Returns the values by which systemd accepts an extension on all of some hosts; `undefined`: no values do that. */
export function commonBinding(
  hosts: readonly Release[],
  rules: Pick<ExtensionRules, 'levelKey'>,
): Binding | undefined {
  const [first, ...others] = hosts;
  if (!first) return undefined;
  const loosest = bindingTo(first, rules);
  const versionId = first.get('VERSION_ID');
  const isSame = (a: Binding, b: Binding) =>
    a.id === b.id && a.level === b.level && a.versionId === b.versionId;
  if (others.every(host => isSame(bindingTo(host, rules), loosest))) return loosest;
  // of a host with a level and one without, systemd compares VERSION_ID=, unless the extension has a level, too
  const agree = others.every(
    host => host.get('ID') === loosest.id && versionId && host.get('VERSION_ID') === versionId,
  );
  return agree && versionId ? { id: loosest.id, versionId } : undefined;
}

/** Returns the loosest claim by which systemd accepts an extension on hosts like this one and on no others. */
export function claimFor(host: Release, rules: Pick<ExtensionRules, 'levelKey'>): string {
  return bindingLines(bindingTo(host, rules), rules).join(' ');
}

/** Returns the lines of a release file that contain the values. */
export function bindingLines(
  { id, level, versionId }: Binding,
  { levelKey }: Pick<ExtensionRules, 'levelKey'>,
): string[] {
  return [`ID=${id}`, ...(level ? [`${levelKey}=${level}`] : versionId ? [`VERSION_ID=${versionId}`] : [])];
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
