import { extensionRules } from '../../systemd/extension-type.ts';
import { matchPattern } from './names.ts';

export interface TransferOptions {
  readonly name: string;
  /** Of the feed, ending in a slash. */
  readonly url: string;
  /** SHA256SUMS is signed: only then a host can tell a forged feed from a true one. */
  readonly signed: boolean;
  /** How many versions a host keeps. */
  readonly instancesMax: number;
}

/** Where systemd looks for images that sysupdate puts in place, and where the host's own key ring is. */
export const INSTALLED = '/opt/extensions';
export const ACTIVATED = extensionRules.sysext.activated;
export const KEY_RING = '/etc/systemd/import-pubring.gpg';

/** What systemd-sysupdate on a host is told of a feed (sysupdate.d(5)); all architectures share it. */
export function transferText({ name, url, signed, instancesMax }: TransferOptions): string {
  const pattern = matchPattern(name);
  return `# For /etc/sysupdate.${name}.d; ${ACTIVATED} has to be there before the first update.
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

/** The feed's address, out of a transfer file that was written before. */
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
