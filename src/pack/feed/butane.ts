import { type FeedImage, feedFile } from './names.ts';
import { ACTIVATED, INSTALLED, KEY_RING, transferText, type TransferOptions } from './transfer.ts';

export interface ButaneOptions extends TransferOptions {
  readonly image: FeedImage;
  /** The digest of the image, hexadecimal. */
  readonly sha256: string;
  /** The key ring in the feed, with its digest in hexadecimal; `undefined`: the feed is not signed. */
  readonly keyRing: { readonly file: string; readonly sha256: string } | undefined;
}

/**
 * A snippet for the Butane configuration of a Flatcar host, which installs this version at the first boot and updates it
 * from then on.
 */
export function butaneText(options: ButaneOptions): string {
  const { image, sha256, keyRing, url, name } = options;
  const { release } = image;
  const target = `${INSTALLED}/${name}/${feedFile(image)}`;
  const hosts = release ? ` on ${[release.id, release.versionId].filter(Boolean).join(' ')}` : '';
  return `# ${name} ${image.version} for ${image.architecture}${hosts}, kept up to date by systemd-sysupdate.
variant: flatcar
version: 1.0.0
storage:
  files:
    - path: ${quoted(target)}
      contents:
        source: ${quoted(url + encodeURIComponent(feedFile(image)))}
        verification:
          hash: sha256-${sha256}
    - path: ${quoted(`/etc/sysupdate.${name}.d/${name}.conf`)}
      contents:
        inline: |
${indented(transferText(options), 10)}${keyRing ? keyRingText(url, keyRing) : ''}
  links:
    - path: ${quoted(`${ACTIVATED}/${name}.raw`)}
      target: ${quoted(target)}
      hard: false
systemd:
  units:
    - name: systemd-sysupdate.timer
      enabled: true
    - name: systemd-sysupdate.service
      dropins:
        - name: ${quoted(`${name}.conf`)}
          contents: |
            [Service]
            ExecStartPre=/usr/lib/systemd/systemd-sysupdate -C ${name.replaceAll('%', '%%')} update
            ExecStartPost=systemd-sysext refresh
`;
}

function keyRingText(url: string, { file, sha256 }: NonNullable<ButaneOptions['keyRing']>): string {
  return `
    - path: ${KEY_RING}
      contents:
        source: ${quoted(url + file)}
        verification:
          hash: sha256-${sha256}`;
}

/** A YAML string; every JSON string is one. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function indented(text: string, by: number): string {
  return text
    .trimEnd()
    .split('\n')
    .map(line => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n');
}
