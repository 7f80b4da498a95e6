import { type Refusal, type Release, systemdDecision } from '../../../systemd/decision.ts';
import { isArchitecture, systemdSpelling } from '../../../systemd/architecture.ts';
import { releasePath } from '../../../systemd/extension-release.ts';
import { imageNameFault } from '../../../systemd/image-name.ts';
import { systemdSince, systemdVersion } from '../../../systemd/systemd-version.ts';
import { defineCheck, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import type { Severity } from '../../finding.ts';
import type { Host, Merge } from '../../merge.ts';

interface SilentlyIgnored extends Observation {
  readonly rule: Refusal | 'name' | 'place' | 'no-confext' | 'os-release' | 'id-like';
}

export const silentlyIgnored = defineCheck(
  'metadata/silently-ignored',
  {
    title: 'systemd ignores the extension without a message',
    means:
      'systemd will not merge this extension on this host. It checks, in this order: the name of the directory or ' +
      'image; /usr/lib/os-release, which an extension must not contain; the release file ' +
      '/usr/lib/extension-release.d/extension-release.NAME, where NAME is the name of the directory, or of the ' +
      'image without .raw; SYSEXT_SCOPE=, which must contain “system”; ARCHITECTURE=; ID=, where _any ends the ' +
      'checks; ID= against the host’s ID= and ID_LIKE=; SYSEXT_LEVEL= if both have one, otherwise VERSION_ID=. For ' +
      'a configuration extension the release file is in /etc/extension-release.d, the keys are CONFEXT_SCOPE= and ' +
      'CONFEXT_LEVEL=, and systemd 254 is the first that merges it. Since version 256 systemd also merges the newest ' +
      'entry NAME_VERSION.raw or NAME_VERSION_ARCHITECTURE.raw of a directory NAME.raw.v/ (and the newest directory ' +
      'NAME_VERSION in NAME.v/) under the name NAME.',
    matters:
      'Nothing is reported: the command succeeds, the reason is logged at debug level only ' +
      '(SYSTEMD_LOG_LEVEL=debug systemd-sysext merge), and the programs are simply not there.',
    fix:
      'Correct the release file. ID=_any matches every host and is right for a self-contained extension; an ' +
      'extension that uses the host’s libraries repeats the host’s ID= and its VERSION_ID= or SYSEXT_LEVEL=. A ' +
      'release file of another name counts if it is the only one and has the extended attribute ' +
      'user.extension-release.strict with the value 0 (“flix pack --any-name”). The audit reads this attribute too ' +
      '(of directories with getfattr).',
  },
  function* ({ merge }) {
    for (const extension of merge.extensions) {
      const verdict = judge(extension, merge);
      if (verdict) yield finding(extension, verdict);
    }
  },
);

const OS_RELEASE = '/usr/lib/os-release';

interface Verdict {
  readonly rule: SilentlyIgnored['rule'];
  readonly severity?: Severity;
  readonly subject?: string;
  readonly because: string;
  readonly fix: string;
}

const CONSEQUENCES: Readonly<Record<Severity, string>> = {
  error: 'systemd ignores the extension',
  warning: 'older systemd ignores the extension',
  info: 'systemd ignores the extension under its own file name',
};

function finding(
  extension: Extension,
  { rule, severity = 'error', subject, because, fix }: Verdict,
): SilentlyIgnored {
  return {
    severity,
    extension,
    subject: subject ?? extension.releaseFile,
    culprit: rule,
    rule,
    message: `${CONSEQUENCES[severity]}: ${because}`,
    fix,
  };
}

function judge(extension: Extension, { host }: Merge): Verdict | undefined {
  const fault = imageNameFault(extension.name);
  if (fault !== undefined)
    return {
      rule: 'name',
      subject: '/',
      because: `its name ${JSON.stringify(extension.name)} ${fault}`,
      fix: 'Rename the directory or image.',
    };
  const placed = judgePlace(extension, host);
  if (placed?.severity === 'error') return placed;
  if (extension.rules.type === 'confext') {
    const verdict = judgeConfext(extension, host);
    if (verdict) return verdict;
  }
  const decision = systemdDecision(extension.release, host?.release, host?.architecture, extension.rules);
  if (!decision.accepted) return { ...decision, fix: FIXES[decision.rule](extension, host?.release) };
  if (!decision.like) return placed;
  return {
    rule: 'id-like',
    severity: 'warning',
    because: `ID=${extension.release?.get('ID')} matches only the host’s ID_LIKE=, and it compares ID= alone`,
    fix: `Write ID=${host?.release.get('ID')} into the release file.`,
  };
}

/** Judges where an extension lies that does not have its name from its own file name. */
function judgePlace({ name, placed }: Extension, host: Host | undefined): Verdict | undefined {
  if (!placed) return undefined;
  const { as, file } = placed;
  const verdict = { rule: 'place', subject: '/' } as const;
  if (as === 'versioned')
    return {
      ...verdict,
      severity: 'info',
      because: `only a link ${name}.raw to ${file} makes it ${name}`,
      fix: `Activate it under that name, as the transfer file of “flix pack --feed” does: ln -s ${file} /etc/extensions/${name}.raw`,
    };
  const version = host && systemdVersion(host.view);
  if (as === 'stray')
    return {
      ...verdict,
      severity: 'error',
      because: `${file} is not named ${name}_VERSION as an entry of a directory whose name ends in .v`,
      fix: `Name it ${name}_VERSION, with .raw at the end if it is an image.`,
    };
  if (version === undefined || version >= systemdSince.versionsDirectory) return undefined;
  return {
    ...verdict,
    severity: 'error',
    because: `it is in a directory of versions, which needs systemd ${systemdSince.versionsDirectory}, and the host has ${version}`,
    fix: `Copy ${file} to ${name}${file.endsWith('.raw') ? '.raw' : ''} outside that directory, or make a link of that name to it.`,
  };
}

/** See systemd-confext(8). systemd 257 rejects an image that contains os-release, but not a directory (measured). */
function judgeConfext({ tree, image }: Extension, host: Host | undefined): Verdict | undefined {
  const version = host && systemdVersion(host.view);
  if (version !== undefined && version < systemdSince.confext)
    return {
      rule: 'no-confext',
      because: `configuration extensions need systemd ${systemdSince.confext}, and the host has ${version}`,
      fix: 'Ship the files in a system extension, and copy them to /etc with tmpfiles.d lines.',
    };
  if (!image || tree.kind(OS_RELEASE) === undefined) return undefined;
  return {
    rule: 'os-release',
    subject: OS_RELEASE,
    because: `it contains ${OS_RELEASE}, like the image of a complete system`,
    fix: `Remove ${OS_RELEASE} from the tree.`,
  };
}

const FIXES: Readonly<Record<Refusal, (extension: Extension, host: Release | undefined) => string>> = {
  'release-file': renameRelease,
  scope: ({ rules }) => `Add “system” to ${rules.scopeKey}=, or remove that line.`,
  architecture: fixArchitecture,
  'no-id': writeId,
  id: writeId,
  level: ({ rules: { levelKey } }, host) =>
    `Write ${levelKey}=${host?.get(levelKey)} after testing the extension on this host.`,
  'no-version': writeVersion,
  version: writeVersion,
};

function fixArchitecture({ release }: Extension): string {
  const declared = release?.get('ARCHITECTURE') ?? '';
  if (isArchitecture(declared))
    return 'Build the extension for this architecture, or remove ARCHITECTURE= if it contains no binaries.';
  const spelled = systemdSpelling(declared);
  return `${spelled === undefined ? 'Spell the architecture as systemd does, as in ARCHITECTURE=x86-64' : `Write ARCHITECTURE=${spelled}`}, or remove the line if the extension contains no binaries.`;
}

function renameRelease({ name, rules, releaseFile, releaseNames, attributes }: Extension): string {
  if (releaseNames.length === 0) return `Write ${releaseFile}, with ID=_any for a self-contained extension.`;
  const files = releaseNames.map(other => releasePath(other, rules.releaseDirectory)).join(', ');
  const unread = attributes
    ? ''
    : ' (flix could not read the attribute that makes it count under every name)';
  const rename = `Rename ${files} to ${releaseFile}, or the directory or image to ${releaseNames.join(' or ')}${unread}.`;
  const isOtherVersion = releaseNames.some(other => withoutVersion(other) === withoutVersion(name));
  if (!isOtherVersion) return rename;
  return `${rename} A name without a version survives updates: put the version in the file name, and point a link ${withoutVersion(name)}.raw to the file.`;
}

/** Returns `app` for `app-1.2`, `app_1.2-amd64` and `app-v1`. */
function withoutVersion(name: string): string {
  return name.replace(/[-_]v?\d.*$/, '');
}

function writeId(_: Extension, host: Release | undefined): string {
  return `Write ${host ? `ID=${host.get('ID')}` : 'the ID= of the host'}, or ID=_any if the extension is self-contained.`;
}

function writeVersion({ promises }: Extension, host: Release | undefined): string {
  if (promises?.host && promises.host.claim !== 'ID=_any')
    return 'If promises/host-lacks reports nothing, make an image for this host: flix pack TREE --host HOST';
  return `Write VERSION_ID=${host?.get('VERSION_ID')} after testing the extension on this host, or ID=_any if it is self-contained.`;
}
