import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { execaSync } from 'execa';

/** A package of an archive that the tests make. */
export interface LocalPackage {
  readonly name: string;
  /** More lines of its control file. */
  readonly fields?: readonly string[];
  /** Contents by path. */
  readonly files: Readonly<Record<string, string>>;
  /** As `dpkg-deb -Z` names it. */
  readonly compression: 'xz' | 'zstd' | 'gzip' | 'none';
}

/**
 * Makes a signed archive of Debian's format with one suite in an empty directory.
 *
 * @returns the file with the key that signs it
 */
export function makeArchive(directory: string, suite: string, packages: readonly LocalPackage[]): string {
  const at = (...names: string[]) => path.join(directory, ...names);
  const stanzas = packages.map(({ name, fields = [], files, compression }) => {
    const root = at('build', name);
    fs.mkdirSync(path.join(root, 'DEBIAN'), { recursive: true });
    for (const [file, content] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), content);
    }
    const control = [
      `Package: ${name}`,
      'Version: 1.0',
      'Architecture: amd64',
      'Maintainer: Nobody <nobody@example.org>',
      ...fields,
      'Description: a package',
    ];
    fs.writeFileSync(path.join(root, 'DEBIAN/control'), `${control.join('\n')}\n`);
    const pool = `pool/${name}_1.0_amd64.deb`;
    fs.mkdirSync(at('pool'), { recursive: true });
    execaSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', root, at(pool)]);
    const bytes = fs.readFileSync(at(pool));
    return [...control, `Filename: ${pool}`, `Size: ${bytes.length}`, `SHA256: ${digest(bytes)}`, ''].join(
      '\n',
    );
  });
  const list = 'main/binary-amd64/Packages';
  const place = at('dists', suite);
  fs.mkdirSync(path.join(place, path.dirname(list)), { recursive: true });
  const bytes = Buffer.from(stanzas.join('\n'));
  fs.writeFileSync(path.join(place, list), bytes);
  const release = [
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date().toUTCString()}`,
    'Architectures: amd64',
    'Components: main',
    'SHA256:',
    ` ${digest(bytes)} ${bytes.length} ${list}`,
  ];
  fs.writeFileSync(path.join(place, 'Release'), `${release.join('\n')}\n`);
  return sign(at('keys'), path.join(place, 'Release'), path.join(place, 'InRelease'));
}

function sign(home: string, release: string, signed: string): string {
  fs.mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]) =>
    execaSync('gpg', [
      '--homedir',
      home,
      '--batch',
      '--quiet',
      '--pinentry-mode=loopback',
      '--passphrase=',
      ...args,
    ]);
  try {
    gpg('--quick-generate-key', 'nobody@example.org', 'ed25519', 'sign');
    gpg('--clearsign', '--output', signed, release);
    const key = path.join(home, 'archive.gpg');
    gpg('--output', key, '--export');
    return key;
  } finally {
    execaSync('gpgconf', ['--homedir', home, '--kill', 'all'], { reject: false });
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
