import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import type { LoaderName } from './fixture.ts';
import { findLoader } from './loaders.ts';
import { runner } from './runner.ts';
import { archive as archiveOfApt } from './roots.ts';

/** What a test may require of the machine, apart from Node. */
export type Capability =
  | 'root'
  | 'user' // not root: permissions restrict this user
  | 'chroot'
  | 'mountNamespace'
  | 'userNamespace'
  | 'trustedAttributes'
  | 'archive'
  | 'npmRegistry'
  | 'loopDevice'
  | `tool:${string}`
  | `engine:${string}` // of openssl
  | `loader:${Exclude<LoaderName, 'none'>}`;

/** Why a capability is missing, or `undefined` if it is there. */
type Reason = string | undefined;

const tried = new Map<Capability, Reason>();

/** Probes this machine once for each capability. Returns why it is missing, or `undefined`. */
export function whyMissing(capability: Capability): Reason {
  if (!tried.has(capability)) tried.set(capability, probe(capability));
  return tried.get(capability);
}

/**
 * Tells whether the machine has all of these: `it.runIf(has('chroot', 'archive'))('…', …)`. If not, prints the reason once
 * for each test file.
 */
export function has(...capabilities: Capability[]): boolean {
  const missing = capabilities.find(capability => whyMissing(capability) !== undefined);
  if (missing !== undefined) announce(callingTest(), missing, whyMissing(missing)!);
  return missing === undefined;
}

function probe(capability: Capability): Reason {
  const [kind, name] = capability.split(':') as [string, string];
  switch (kind) {
    case 'root':
      return process.getuid?.() === 0 ? undefined : 'this user is not root';
    case 'user':
      return process.getuid?.() === 0 ? 'root may read everything' : undefined;
    case 'chroot':
      return (
        whyMissing('root') ?? whyMissing('tool:perl') ?? attempt('perl', ['-e', 'chroot "/" or die "$!\n"'])
      );
    case 'mountNamespace':
      return attempt('unshare', ['--mount', 'true']);
    case 'userNamespace':
      return attempt('unshare', ['--user', '--map-root-user', 'true']);
    case 'trustedAttributes':
      // even root may be denied them (xattr(7)), for example in a container
      return whyMissing('root') ?? whyMissing('tool:setfattr') ?? attempt('sh', ['-c', SET_TRUSTED]);
    case 'loopDevice':
      // reading partitions of one needs the same privilege as a mount
      return (
        whyMissing('root') ??
        whyMissing('mountNamespace') ??
        whyMissing('tool:losetup') ??
        attempt('losetup', ['--find'])
      );
    case 'archive':
      return (
        whyMissing('root') ??
        whyMissing('tool:mmdebstrap') ??
        (archiveOfApt() ? undefined : 'apt has no package lists')
      );
    case 'npmRegistry':
      return whyMissing('tool:npm') ?? attempt('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000']);
    case 'engine':
      return whyMissing('tool:openssl') ?? attempt('openssl', ['engine', name]);
    case 'tool':
      return onPath(name) ? undefined : `${name} is not installed`;
    default:
      return runs(findLoader(name as Exclude<LoaderName, 'none'>));
  }
}

const SET_TRUSTED =
  'file=$(mktemp); setfattr -n trusted.flix -v 1 "$file"; status=$?; rm "$file"; exit $status';

function attempt(program: string, options: readonly string[]): Reason {
  const { failed, stderr } = execaSync(program, options, { reject: false });
  return failed ? (stderr || `${program} failed`).split('\n')[0] : undefined;
}

function runs(loader: string | undefined): Reason {
  if (loader === undefined) return 'this machine has no loader of that version';
  const found = runner(loader);
  if (!found) return 'this machine cannot run it and has no emulator for it';
  // the emulator has to be put into the root, which must stay unchanged
  return found.emulator === undefined ? undefined : whyMissing('mountNamespace');
}

function onPath(tool: string): boolean {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return directories.some(directory => fs.existsSync(path.join(directory, tool)));
}

const announced = new Set<string>();

/** Prints a line that scripts/test collects and repeats at its end. */
function announce(file: string, what: string, why: string): void {
  const line = `skipped: ${file} needs ${what}: ${why}`;
  if (announced.has(line)) return;
  announced.add(line);
  console.error(line);
}

const project = fileURLToPath(new URL('../..', import.meta.url));

/** The test file on the call stack. vitest knows it only while tests run, but requirements are checked during collection. */
function callingTest(): string {
  const file = /(?:file:\/\/)?(\/[^\s():]*\.test\.ts)/.exec(new Error('here').stack ?? '')?.[1];
  return file === undefined ? 'a test' : path.relative(project, file);
}
