import { extensionRules } from '../../systemd/extension-type.ts';
import { matchPatterns } from './names.ts';

/** What a host must know to update an extension from a feed. */
export interface TransferOptions {
  readonly name: string;
  /** The URL of the feed, ending in a slash. */
  readonly url: string;
  /** SHA256SUMS is signed; otherwise hosts cannot detect a forged feed. */
  readonly signed: boolean;
  /** How many versions a host keeps. */
  readonly instancesMax: number;
  /** Whether some images are for one release of the hosts only. */
  readonly perHost: boolean;
}

/** Where sysupdate stores images, where systemd looks for links to them, and where the host's key ring is. */
export const INSTALLED = '/opt/extensions';
export const ACTIVATED = extensionRules.sysext.activated;
export const KEY_RING = '/etc/systemd/import-pubring.gpg';

/** The transfer file of systemd-sysupdate for an extension (sysupdate.d(5)); it is the same for all architectures and releases. */
export function transferText({ name, url, signed, instancesMax, perHost }: TransferOptions): string {
  const patterns = matchPatterns(quotePercent(name), perHost).join(' ');
  return `# For /etc/sysupdate.${name}.d; ${ACTIVATED} must exist before the first update.
[Transfer]
Verify=${signed ? 'yes' : 'no'}

[Source]
Type=url-file
Path=${quotePercent(url)}
MatchPattern=${patterns}

[Target]
Type=regular-file
Path=${INSTALLED}/${quotePercent(name)}
MatchPattern=${patterns}
CurrentSymlink=${ACTIVATED}/${quotePercent(name)}.raw
Mode=0644
InstancesMax=${instancesMax}
`;
}

/** Reads the URL of a feed from a transfer file; `undefined`: there is none. */
export function transferUrl(text: string): string | undefined {
  return /^\[Source\]$[^[]*?^Path=(.+)$/m.exec(text)?.[1]?.replaceAll('%%', '%');
}

/** A percent sign begins a specifier (systemd.unit(5)). */
function quotePercent(text: string): string {
  return text.replaceAll('%', '%%');
}
