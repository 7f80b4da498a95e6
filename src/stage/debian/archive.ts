import fs from 'node:fs';
import { FlixError } from '../../errors.ts';
import type { StageOptions } from '../staged.ts';

type Distribution = 'debian' | 'ubuntu';

interface Archive {
  readonly keyring: string;
  /** The package with the keys, by the distribution that has it. */
  readonly keyringPackage: string;
  readonly components: string;
  /** The lines of sources.list(5) without options, for a suite and an architecture in Debian's spelling. */
  lines(suite: string, architecture: string, components: string): readonly string[];
}

/** Suites without updates of their own. */
const ROLLING = /^(?:sid|unstable|experimental|rc-buggy)$/;

const ARCHIVES: Readonly<Record<Distribution, Archive>> = {
  debian: {
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
    keyringPackage: 'debian-archive-keyring',
    components: 'main',
    lines: (suite, _, components) => [
      `http://deb.debian.org/debian ${suite} ${components}`,
      ...(ROLLING.test(suite)
        ? []
        : [
            `http://deb.debian.org/debian ${suite}-updates ${components}`,
            `http://security.debian.org/debian-security ${suite}-security ${components}`,
          ]),
    ],
  },
  ubuntu: {
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
    keyringPackage: 'ubuntu-keyring',
    components: 'main universe',
    lines: (suite, architecture, components) => {
      const isMain = architecture === 'amd64' || architecture === 'i386';
      const main = isMain ? 'http://archive.ubuntu.com/ubuntu' : 'http://ports.ubuntu.com/ubuntu-ports';
      const security = isMain ? 'http://security.ubuntu.com/ubuntu' : main;
      return [
        `${main} ${suite} ${components}`,
        `${main} ${suite}-updates ${components}`,
        `${security} ${suite}-security ${components}`,
      ];
    },
  },
};

/** Returns the text of sources.list for a suite. Throws `FlixError`: `no-keyring`, `bad-source`. */
export function sourcesList(
  distribution: Distribution,
  suite: string,
  architecture: string,
  { mirror, components: given, keyring: ownKeyring }: Omit<StageOptions, 'arch' | 'include' | 'recommends'>,
): string {
  const archive = ARCHIVES[distribution];
  const components = given === undefined ? archive.components : given.split(',').join(' ');
  if (!/^[\w./ -]+$/.test(components))
    throw new FlixError('input', 'usage', `--components ${given} is not a list of components`);
  const keyring = ownKeyring ?? archive.keyring;
  if (!fs.existsSync(keyring))
    throw new FlixError(
      ownKeyring === undefined ? 'missing' : 'input',
      'no-keyring',
      `${keyring} does not exist: it contains the keys that sign the archive of ${distribution}`,
      ownKeyring === undefined
        ? `apt-get install ${archive.keyringPackage}, or name the file with --keyring.`
        : 'Name the file with the keys of the archive.',
    );
  if (/[\s\]]/.test(keyring))
    throw new FlixError(
      'input',
      'usage',
      `the path ${keyring} contains a blank or a bracket, which apt cannot read`,
    );
  const lines =
    mirror.length === 0
      ? archive.lines(suite, architecture, components).map(line => `deb ${line}`)
      : mirror.map(text => mirrorLine(text, suite, components));
  return lines.map(line => `${signedBy(line, keyring)}\n`).join('');
}

/** Returns the line of sources.list for a mirror, which is the URL of an archive or such a line. */
function mirrorLine(text: string, suite: string, components: string): string {
  if (/^[\w+]+:\/?\S+$/.test(text)) return `deb ${text} ${suite} ${components}`;
  if (/^deb\s[^\n]+$/.test(text)) return text;
  throw new FlixError(
    'input',
    'usage',
    `--mirror ${text} is neither a URL nor a line of sources.list that begins with “deb”`,
    'For example: --mirror http://deb.debian.org/debian',
  );
}

/** Names the keyring in a line. Refuses archives that nobody vouches for, whose packages apt would only list. */
function signedBy(line: string, keyring: string): string {
  if (/^deb\s+\[[^\]]*allow-insecure=/i.test(line))
    throw new FlixError(
      'input',
      'usage',
      `--mirror ${line} takes packages that no key signs (allow-insecure)`,
      'Write [trusted=yes] instead if you trust this archive.',
    );
  if (/^deb\s+\[[^\]]*(?:signed-by|trusted)=/i.test(line)) return line;
  const options = /^deb\s+\[([^\]]*)\]\s*(.*)$/.exec(line);
  return options
    ? `deb [signed-by=${keyring} ${options[1]}] ${options[2]}`
    : line.replace(/^deb\s+/, `deb [signed-by=${keyring}] `);
}
