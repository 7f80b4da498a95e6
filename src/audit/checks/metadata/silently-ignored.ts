import { releasePath } from '../../../view/extension-release.ts';
import type { Check } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import type { FindingBase, Severity } from '../../finding.ts';
import { imageNameFault } from '../../image-name.ts';
import type { Merge } from '../../merge.ts';
import { type Refusal, type Release, systemdDecision } from '../../systemd-decision.ts';

export interface SilentlyIgnored extends FindingBase {
  readonly kind: 'metadata/silently-ignored';
  readonly rule: Refusal | 'name' | 'id-like';
}

export const silentlyIgnored: Check<SilentlyIgnored> = {
  kind: 'metadata/silently-ignored',
  page: {
    title: 'systemd passes over the extension without a word',
    means:
      'systemd-sysext will not merge this extension on this host. It looks, in this order, at: the name of the ' +
      'directory or image; /usr/lib/os-release, which an extension may not bring; the release file ' +
      '/usr/lib/extension-release.d/extension-release.NAME, where NAME is that of the directory or image without ' +
      '.raw; SYSEXT_SCOPE=, which must contain “system”; ARCHITECTURE=; ID=, where _any ends the questions; ID= ' +
      'against the host’s ID= and ID_LIKE=; SYSEXT_LEVEL= where both have one, else VERSION_ID=.',
    matters:
      'Nothing is reported: the command succeeds, the reason appears at debug level only ' +
      '(SYSTEMD_LOG_LEVEL=debug systemd-sysext merge), and the programs are simply not there.',
    mend:
      'Correct the release file. ID=_any fits every host and is right for a self-contained extension; an extension ' +
      'that uses the host’s libraries repeats the host’s ID= and its VERSION_ID= or SYSEXT_LEVEL=. A release file of ' +
      'another name counts if no other than it bears the extended attribute user.extension-release.strict with the value 0 ' +
      '(“flix pack --any-name”). The audit reads that of directories with getfattr, and that of erofs images.',
  },
  *find({ merge }) {
    for (const extension of merge.extensions) {
      const verdict = judge(extension, merge);
      if (verdict) yield finding(extension, verdict);
    }
  },
};

interface Verdict {
  readonly rule: SilentlyIgnored['rule'];
  readonly severity?: Severity;
  readonly subject?: string;
  readonly because: string;
  readonly remedy: string;
}

function finding(
  extension: Extension,
  { rule, severity = 'error', subject, because, remedy }: Verdict,
): SilentlyIgnored {
  return {
    kind: 'metadata/silently-ignored',
    severity,
    extension: extension.name,
    subject: subject ?? releasePath(extension.name),
    alsoIn: [],
    chain: [],
    culprit: rule,
    rule,
    message: `${severity === 'error' ? 'systemd ignores the extension' : 'older systemd ignores the extension'}: ${because}`,
    remedy,
  };
}

function judge(extension: Extension, { host }: Merge): Verdict | undefined {
  const fault = imageNameFault(extension.name);
  if (fault !== undefined)
    return {
      rule: 'name',
      subject: '/',
      because: `its name ${JSON.stringify(extension.name)} ${fault}`,
      remedy: 'give the directory or image another name',
    };
  const decision = systemdDecision(extension.release, host?.release, host?.architecture);
  if (!decision.accepted) return { ...decision, remedy: REMEDIES[decision.rule](extension, host?.release) };
  if (!decision.like) return undefined;
  return {
    rule: 'id-like',
    severity: 'warning',
    because: `ID=${extension.release?.get('ID')} is the host’s ID_LIKE= only, and it compares ID= alone`,
    remedy: `write ID=${host?.release.get('ID')}`,
  };
}

const REMEDIES: Readonly<Record<Refusal, (extension: Extension, host: Release | undefined) => string>> = {
  'release-file': renameRelease,
  scope: () => 'add “system” to SYSEXT_SCOPE=, or leave it out',
  architecture: () =>
    'build the extension for this architecture, or leave ARCHITECTURE= out if it holds no binaries',
  'no-id': writeId,
  id: writeId,
  level: (_, host) =>
    `write SYSEXT_LEVEL=${host?.get('SYSEXT_LEVEL')}, once the extension was tried on this host`,
  'no-version': writeVersion,
  version: writeVersion,
};

function renameRelease({ name, releaseNames, attributes }: Extension): string {
  if (releaseNames.length === 0)
    return `write ${releasePath(name)}, with ID=_any for a self-contained extension`;
  const files = releaseNames.map(other => releasePath(other)).join(', ');
  const unread = attributes ? '' : ' (whether it counts under every name could not be read)';
  const rename = `rename ${files} to ${releasePath(name)}, or the directory or image to ${releaseNames.join(' or ')}${unread}`;
  const isOtherVersion = releaseNames.some(other => withoutVersion(other) === withoutVersion(name));
  if (!isOtherVersion) return rename;
  return `${rename}; a name without a version lasts: keep versions in the names of files, and a link ${withoutVersion(name)}.raw to one`;
}

/** `app` of `app-1.2`, `app_1.2-amd64` and `app-v1`. */
function withoutVersion(name: string): string {
  return name.replace(/[-_]v?\d.*$/, '');
}

function writeId(_: Extension, host: Release | undefined): string {
  return `write ID=_any if the extension is self-contained, else ID=${host?.get('ID') ?? ' of the host'}`;
}

function writeVersion(_: Extension, host: Release | undefined): string {
  return `write VERSION_ID=${host?.get('VERSION_ID')}, once the extension was tried on this host; or ID=_any if it is self-contained`;
}
