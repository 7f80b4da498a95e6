import fs from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { FlixError } from '../errors.ts';
import { outputOf } from '../io/piece-stream.ts';
import type { Progress } from '../io/progress.ts';
import { run, toolPath } from '../io/spawn.ts';
import { databaseOf } from '../packages/database.ts';
import { isPackageName } from '../packages/package.ts';
import { directoryView } from '../view/directory.ts';
import { spellingsOf } from './architecture.ts';
import { notAPackage } from './source.ts';
import type { SourceResult, StageOptions } from './staged.ts';
import { ARCHIVE, type Staging } from './staging.ts';

const MIRROR = 'https://dl-cdn.alpinelinux.org/alpine';
const KEYS = '/etc/apk/keys';
const INSTALL_MS = 3_600_000;

/**
 * Unpacks packages of Alpine with apk, which runs none of their scripts, into a directory that only the caller may enter,
 * and adds its files like those of an archive. Throws `FlixError`.
 */
export async function stageAlpine(
  { version }: { readonly version: string },
  temporary: string,
  options: StageOptions,
  staging: Staging,
  say: Progress,
): Promise<SourceResult> {
  if (toolPath('apk') === undefined)
    throw new FlixError(
      'missing',
      'missing-tool',
      'apk is not installed: the package manager of Alpine unpacks its packages',
      `Run flix on Alpine Linux, or stage a container image instead.\nskopeo copy docker://alpine:${version} oci:alpine && flix stage oci:alpine -o ./root`,
    );
  const bad = options.include.find(name => !isPackageName(name));
  if (bad !== undefined) throw notAPackage(bad);
  const { alpine: architecture } = spellingsOf(options.arch);
  const branch = version === 'edge' ? version : `v${version.replace(/^v/, '')}`;
  const components = options.components?.split(',') ?? ['main', 'community'];
  const urls = options.mirror.length > 0 ? options.mirror : [MIRROR];
  const repositories = urls.flatMap(url => components.map(name => `${url}/${branch}/${name}`));
  const root = path.join(temporary, 'apk');
  await fs.mkdir(root);
  say.step('unpacking the packages');
  const isRoot = process.getuid?.() === 0;
  const where = ['--root', root, '--arch', architecture!, '--keys-dir', options.keyring ?? KEYS];
  const how = ['--initdb', '--no-scripts', '--no-cache', '--no-progress', ...(isRoot ? [] : ['--usermode'])];
  const from = ['--repositories-file', '/dev/null', ...repositories.flatMap(url => ['--repository', url])];
  const what = ['add', 'alpine-base', ...options.include];
  await run('apk', [...where, ...how, ...from, ...what], { timeoutMs: INSTALL_MS });
  await staging.addLayer(outputOf('tar', ['-C', root, '--numeric-owner', '-c', '.']), ARCHIVE);
  const packages = (databaseOf(directoryView(root))?.packages ?? []).map(owner => ({
    name: owner.name,
    version: owner.version,
    architecture: owner.architecture,
    sha256: '',
  }));
  const list = packages.map(({ name, version: of, architecture: own }) => `${name} ${of} ${own}\n`);
  const digest = createHash('sha256').update(list.sort().join('')).digest('hex');
  return { source: `alpine:${version}`, digest: `sha256:${digest}`, layers: packages.length, packages };
}
