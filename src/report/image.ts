import type { PackedImage } from '../pack/image.ts';
import { printable } from '../printable.ts';
import { hostLines, type SummaryLine } from './host-lines.ts';
import { size as bytes } from './numbers.ts';
import { wrapped } from './wrapped.ts';
import type { Feed } from '../pack/feed/feed.ts';

/** The document of `flix pack --json`. */
export function imageDocument(image: PackedImage) {
  const { version, architecture, sha256, uuid, rootHash, certificate, release, tools, ...rest } = image;
  return {
    schema: 'flix.pack/2',
    ...rest,
    version: version ?? null,
    architecture: architecture ?? null,
    sha256: sha256 ?? null,
    uuid: uuid ?? null,
    rootHash: rootHash ?? null,
    certificate: certificate ?? null,
    release: release ?? null,
    tools: tools.map(tool => ({ name: tool.name, version: tool.version ?? null })),
    host: hostLines(image).map(({ label, text }) => ({ what: label, say: text })),
  };
}

export function imageText(image: PackedImage, explain = false): string {
  const blocks: [string, SummaryLine[]][] = [
    [printable(image.path), imageLines(image)],
    ['On the host', hostLines(image)],
  ];
  const width = Math.max(...blocks.flatMap(([, lines]) => lines.map(({ label }) => label.length)));
  const shown = ({ label, text, means }: SummaryLine) => {
    const indent = `\n${' '.repeat(width + 4)}`;
    const explained = explain ? indent + wrapped(means, 100 - width).join(indent) : '';
    return `  ${label.padEnd(width)}  ${printable(text)}${explained}\n`;
  };
  return blocks
    .filter(([, lines]) => lines.length > 0)
    .map(([head, lines]) => `${head}\n${lines.map(shown).join('')}`)
    .join('');
}

const FORMATS: { readonly [F in PackedImage['format']]: string } = {
  ddi: 'A discoverable disk image (UAPI.2): a partition table with an erofs and its hash tree.',
  erofs: 'An erofs alone, without a partition table.',
  squashfs: 'A squashfs alone, without a partition table.',
  ext4: 'An ext4 alone; larger than erofs and squashfs, since it is not compressed.',
  btrfs: 'A btrfs alone; larger than erofs and squashfs, since it is not compressed.',
  directory:
    'A directory, which the host stores in its own file system; nothing protects its files against changes.',
  tar: 'An archive, which importctl(1) or tar(1) unpacks into a directory on the host.',
};

function imageLines(image: PackedImage): SummaryLine[] {
  const { format, compression, kernel, type, name, version, architecture, sha256, rootHash, certificate } =
    image;
  const parts = [
    ...(format === 'ddi' ? ['erofs'] : []),
    ...(rootHash === undefined
      ? []
      : [certificate === undefined ? 'hash tree, not signed' : 'hash tree, signed']),
    ...(image.labelled ? ['SELinux labels'] : []),
  ];
  const compressed = format === 'ddi' || format === 'erofs' || format === 'squashfs';
  const lines: (SummaryLine | false)[] = [
    {
      label: 'what',
      text: `${type} ${name}${version === undefined ? '' : ` ${version}`}${architecture === undefined ? '' : `, ${architecture}`}`,
      means: 'What systemd uses the image as, its name and version, and the architecture of its programs.',
    },
    {
      label: 'format',
      text: [
        format,
        ...parts,
        ...(compressed ? [`compression ${compression}, for Linux ${kernel} and later`] : []),
      ].join(', '),
      means: `${FORMATS[format]} The same tree gives the same bytes on every machine, unless a message said otherwise.`,
    },
    image.release !== undefined && {
      label: 'release',
      text: image.release.trim().split('\n').join(' '),
      means:
        'The extension-release file, by which systemd decides whether the extension fits a host. It silently ignores ' +
        'an extension that does not (check with flix audit --host).',
    },
    {
      label: 'size',
      text: `${bytes(image.size)} (${image.size} bytes)`,
      means: 'The size of the file, or of all files of a directory.',
    },
    sha256 !== undefined && {
      label: 'sha256',
      text: sha256,
      means:
        'Also listed in SHA256SUMS beside the image, which systemd-sysupdate and sha256sum --check read.',
    },
    rootHash !== undefined && {
      label: 'root hash',
      text: rootHash,
      means:
        'The top of the hash tree, which covers every byte of the file system. The kernel checks each block that is ' +
        'read against it, if it gets this hash from a trusted signature or from <name>.roothash.',
    },
    certificate !== undefined && {
      label: 'signed by',
      text: `certificate with SHA-256 ${certificate}`,
      means: 'The fingerprint of the certificate that a host needs in order to trust the signature.',
    },
    image.beside.length > 0 && {
      label: 'beside it',
      text: [...image.beside.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)), 'SHA256SUMS'].join(
        ', ',
      ),
      means:
        'systemd finds a root hash, hash tree and signature by these names; the manifest records where every file of ' +
        'the image comes from.',
    },
    image.tools.length > 0 && {
      label: 'made by',
      text: image.tools.map(tool => `${tool.name} ${tool.version ?? '(version unknown)'}`).join(', '),
      means: 'The same versions of these tools give the same bytes again.',
    },
  ];
  return lines.filter(line => line !== false);
}

/** Describes a feed, as hosts will read it. */
export function feedText({ directory, url, file, signed, versions }: Feed): string {
  const lines = [
    `feed ${directory}`,
    `  served at    ${url}`,
    `  file         ${file}`,
    `  versions     ${versions.join(', ')}`,
    `  SHA256SUMS   ${signed ? 'signed: Verify=yes' : 'not signed: Verify=no'}`,
  ];
  return lines.map(line => `${printable(line)}\n`).join('');
}
