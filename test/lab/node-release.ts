import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { cacheDirectory } from './roots.ts';

/** The npm packages that contain nothing but the `node` program of one machine; each version is a release of Node. */
const PACKAGE = `node-linux-${process.arch}`;

const INSTALL = `
set -eu
place=$1; package=$2
[ ! -e "$place" ] || exit 0
rm -rf "$place.part"
mkdir "$place.part"
cd "$place.part"
npm pack --silent "$package" >/dev/null
tar -xzf ./*.tgz package/bin/node
mv package/bin/node node
rm -r ./*.tgz package
mv -T "$place.part" "$place"
`;

/**
 * Downloads a release of Node from the npm registry, once per machine, into the lab's cache.
 * @param version a version such as 18.19.0, or `latest`
 * @returns the path of its `node` program
 * @throws if the registry cannot be reached
 */
export async function nodeRelease(version: string): Promise<string> {
  const release = version === 'latest' ? await latest() : version;
  const place = path.join(cacheDirectory, `node-${release}`);
  fs.mkdirSync(cacheDirectory, { recursive: true });
  await execa('flock', [`${place}.lock`, 'sh', '-c', INSTALL, 'install', place, `${PACKAGE}@${release}`]);
  return path.join(place, 'node');
}

async function latest(): Promise<string> {
  const { stdout } = await execa('npm', ['view', PACKAGE, 'version'], { timeout: 20_000 });
  return stdout.trim();
}
