import { extensionRules } from '../../systemd/extension-type.ts';
import { matchPattern } from './names.ts';

/** What a host must know to update an extension from a feed. */
export interface TransferOptions {
  readonly name: string;
  /** The URL of the feed, ending in a slash. */
  readonly url: string;
  /** SHA256SUMS is signed; otherwise hosts cannot detect a forged feed. */
  readonly signed: boolean;
  /** How many versions a host keeps. */
  readonly instancesMax: number;
}

/** Where sysupdate stores images, where systemd looks for links to them, and where the host's key ring is. */
export const INSTALLED = '/opt/extensions';
export const ACTIVATED = extensionRules.sysext.activated;
export const KEY_RING = '/etc/systemd/import-pubring.gpg';

/** The transfer file of systemd-sysupdate for an extension (sysupdate.d(5)); it is the same for all architectures. */
export function transferText({ name, url, signed, instancesMax }: TransferOptions): string {
  const pattern = matchPattern(name);
  return `# For /etc/sysupdate.${name}.d; ${ACTIVATED} must exist before the first update.
[Transfer]
Verify=${signed ? 'yes' : 'no'}

[Source]
Type=url-file
Path=${quotePercent(url)}
MatchPattern=${quotePercent(pattern, '%a')}

[Target]
Type=regular-file
Path=${INSTALLED}/${quotePercent(name)}
MatchPattern=${quotePercent(pattern, '%a')}
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
function quotePercent(text: string, specifier?: string): string {
  return text
    .split(specifier ?? '\0')
    .map(part => part.replaceAll('%', '%%'))
    .join(specifier ?? '');
}
