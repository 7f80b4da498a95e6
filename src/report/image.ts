import type { PackedImage } from '../pack/image.ts';
import { printable } from '../printable.ts';
import { hostLines, type SummaryLine } from './host-lines.ts';
import { size as bytes } from './numbers.ts';
import { wrapped } from './wrapped.ts';
import type { Feed } from '../pack/feed/feed.ts';

/** One document, for scripts. */
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
  ddi: 'A discoverable disk image (UAPI.2): a partition table, and in it an erofs and the hash tree over it.',
  erofs: 'An erofs alone, without a partition table.',
  squashfs: 'A squashfs alone, without a partition table.',
  ext4: 'An ext4 alone: larger than erofs and squashfs, since it is not compressed.',
  btrfs: 'A btrfs alone: larger than erofs and squashfs, since it is not compressed.',
  directory:
    'A directory, for hosts whose file system can hold it; nothing protects its files from being changed.',
  tar: 'An archive, which importctl(1) or tar(1) unpacks to a directory on the host.',
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
      means: 'What systemd takes it for, the name by which it does, and the architecture of the programs.',
    },
    {
      label: 'format',
      text: [
        format,
        ...parts,
        ...(compressed ? [`compression ${compression}, for Linux ${kernel} and later`] : []),
      ].join(', '),
      means: `${FORMATS[format]} Every tree gives the same bytes wherever it is packed, unless a message said otherwise.`,
    },
    image.release !== undefined && {
      label: 'release',
      text: image.release.trim().split('\n').join(' '),
      means:
        'The extension-release file, by which systemd decides whether the extension fits a host. Without a word it ' +
        'passes over one that does not (flix audit --host tells).',
    },
    {
      label: 'size',
      text: `${bytes(image.size)} (${image.size} bytes)`,
      means: 'Of the file, or of all files of a directory.',
    },
    sha256 !== undefined && {
      label: 'sha256',
      text: sha256,
      means:
        'It stands in SHA256SUMS beside the image too, which systemd-sysupdate and sha256sum --check read.',
    },
    rootHash !== undefined && {
      label: 'root hash',
      text: rootHash,
      means:
        'The top of the hash tree: it stands for every byte of the file system. The kernel checks each block that is ' +
        'read against it, if somebody tells it this hash: a signature that it trusts, or <name>.roothash.',
    },
    certificate !== undefined && {
      label: 'signed by',
      text: `certificate with SHA-256 ${certificate}`,
      means: 'The fingerprint of the certificate that a host needs to trust the signature.',
    },
    image.beside.length > 0 && {
      label: 'beside it',
      text: [...image.beside.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)), 'SHA256SUMS'].join(
        ', ',
      ),
      means:
        'By these names systemd finds a root hash, hash tree and signature; the manifest says where every file of ' +
        'the image comes from.',
    },
    image.tools.length > 0 && {
      label: 'made by',
      text: image.tools.map(tool => `${tool.name} ${tool.version ?? '(version unknown)'}`).join(', '),
      means: 'The same versions give the same bytes again.',
    },
  ];
  return lines.filter(line => line !== false);
}

/** What a host reads from then on. */
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
