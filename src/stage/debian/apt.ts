import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../../errors.ts';
import { fileDigest } from '../../io/file-bytes.ts';
import type { Progress } from '../../io/progress.ts';
import { holdPlace } from '../../io/publish.ts';
import { endingWithFlix, run } from '../../io/spawn.ts';
import { PackageCache } from './package-cache.ts';

export interface AptRequest {
  /** The text of sources.list. */
  readonly sources: string;
  /** In Debian's spelling. */
  readonly architecture: string;
  readonly packages: readonly string[];
  readonly recommends: boolean;
}

/** A package file on this machine. */
export interface PackageFile {
  readonly file: string;
  readonly sha256: string;
}

/** How many files one command line asks for; its length is limited. */
const AT_ONCE = 1000;
const UPDATE_MS = 600_000;
const DOWNLOAD_MS = 3_600_000;
/** Packages that every system has and that others need not depend on (Debian Policy, 3.8); apt counts itself among them. */
const ESSENTIAL = '?and(?essential,?not(?exact-name(apt)))';
/** Selected if the archive has it: apt would otherwise select usrmerge, which needs perl. */
const MERGED_USR = '?and(?exact-name(usr-is-merged),?not(?virtual))';

/**
 * Downloads packages with their dependencies, and the essential packages. apt verifies the archive and selects; it works in a
 * directory of its own, with its own configuration, and installs nothing. Throws `FlixError`.
 *
 * @param cache a directory that is kept between runs
 * @param downloads an empty directory of this run
 * @returns the files, by name
 */
export async function downloadPackages(
  request: AptRequest,
  cache: string,
  downloads: string,
  say: Progress,
): Promise<PackageFile[]> {
  const { packages } = request;
  return withLists(request, cache, say, async apt => {
    const install = ['install', '-qq', '-y'];
    const wanted = ['--', `?or(${ESSENTIAL},${MERGED_USR})`, ...packages];
    const listed = await apt('apt-get', [...install, '--print-uris', ...wanted], UPDATE_MS);
    const files = listed.split('\n').flatMap(packageIn);
    const known = new PackageCache(path.join(cache, 'packages'));
    const missing: ListedPackage[] = [];
    for (const file of files)
      if (!(await known.take(file.sha256, path.join(downloads, file.name)))) missing.push(file);
    if (missing.length > 0) {
      say.step(`downloading ${missing.length} packages`);
      for (let at = 0; at < missing.length; at += AT_ONCE) {
        const list = missing
          .slice(at, at + AT_ONCE)
          .flatMap(({ uri, name, sha256 }) => [uri, `${downloads}/${name}`, `SHA256:${sha256}`]);
        await apt('apt-helper', ['download-file', ...list], DOWNLOAD_MS);
      }
    }
    for (const { name, sha256 } of missing) {
      const file = path.join(downloads, name);
      if ((await fileDigest(file)) !== sha256)
        throw new FlixError('io', 'bad-package', `${name} does not have the digest that the archive states`);
      await known.put(sha256, file);
    }
    const found = files.map(({ name, sha256 }) => ({ file: path.join(downloads, name), sha256 }));
    return found.sort((a, b) => (a.file < b.file ? -1 : 1));
  });
}

/** A version of a package that the archive has. */
export interface OfferedVersion {
  readonly name: string;
  readonly version: string;
  /** The URL, suite and component that have it, as apt writes them. */
  readonly from: string;
}

/** Lists the versions of packages that the archive has, the newest first. Throws `FlixError` `no-package` for an unknown name. */
export async function offeredVersions(
  request: AptRequest,
  cache: string,
  say: Progress,
): Promise<OfferedVersion[]> {
  const listed = await withLists(request, cache, say, apt =>
    apt('apt-cache', ['madison', '--', ...request.packages], UPDATE_MS),
  );
  const offered = listed.split('\n').flatMap((line): OfferedVersion[] => {
    const [name = '', version = '', from = ''] = line.split('|').map(field => field.trim());
    return from === '' ? [] : [{ name, version, from }];
  });
  const unknown = request.packages.find(name => !offered.some(found => found.name === name));
  if (unknown !== undefined) throw noPackage(unknown);
  return offered;
}

/** Brings the package lists up to date, and gives `use` the tools of apt, one run at a time. */
async function withLists<T>(
  { sources, architecture, recommends }: AptRequest,
  cache: string,
  say: Progress,
  use: (apt: Apt) => Promise<T>,
): Promise<T> {
  const key = createHash('sha256').update(`${architecture}\n${sources}`).digest('hex').slice(0, 16);
  const place = path.join(cache, 'apt', key);
  await fs.mkdir(path.dirname(place), { recursive: true });
  // apt does not wait for its own locks on lists
  return holdPlace(
    place,
    say,
    async () => {
      const apt = await configure(place, sources, architecture, recommends);
      say.step('reading the package lists');
      // the next call makes its cache of the lists only if they have changed
      const settings = ['APT::Update::Error-Mode=any', 'pkgCacheFile::Generate=false'];
      await apt('apt-get', ['update', '-qq', ...settings.flatMap(text => ['-o', text])], UPDATE_MS);
      return use(apt);
    },
    { wait: true },
  );
}

/**
 * Runs a tool of apt with the configuration of a request, and returns what it prints. `apt-helper` downloads files as apt-get
 * does, but need not read the package lists and select the packages again.
 */
type Apt = (tool: string, args: readonly string[], timeoutMs: number) => Promise<string>;

/** A package that apt selected. */
interface ListedPackage {
  readonly uri: string;
  readonly name: string;
  readonly sha256: string;
}

/** Reads a line of --print-uris: `'URL' FILE SIZE SHA256:DIGEST`. */
function packageIn(line: string): ListedPackage[] {
  const [, uri, name, sha256] = /^'([^']*)' ([\w.+%~:-]+\.deb) \d+ SHA256:([0-9a-f]{64})$/.exec(line) ?? [];
  if (name === undefined) return [];
  // apt would make a link to a file, which could change later
  return [{ uri: uri!.replace(/^file:/, 'copy:'), name, sha256: sha256! }];
}

/** Writes a configuration that takes only the proxies from this machine. Returns the function that runs apt with it. */
async function configure(
  place: string,
  sources: string,
  architecture: string,
  recommends: boolean,
): Promise<Apt> {
  for (const name of ['lists/partial', 'cache']) await fs.mkdir(path.join(place, name), { recursive: true });
  const settings: Readonly<Record<string, string>> = {
    Dir: place,
    'Dir::State': place,
    'Dir::State::lists': 'lists',
    'Dir::State::status': path.join(place, 'status'), // empty: nothing is installed yet
    'Dir::State::extended_states': path.join(place, 'extended_states'),
    'Dir::Cache': path.join(place, 'cache'),
    'Dir::Cache::srcpkgcache': '', // differs from pkgcache only if packages are installed
    'Dir::Log': place,
    'Dir::Etc': place,
    'Dir::Etc::sourcelist': 'sources.list',
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Etc::trusted': '/dev/null',
    'Dir::Etc::trustedparts': '/dev/null',
    'APT::Architecture': architecture,
    'APT::Install-Recommends': String(recommends),
    'APT::Sandbox::User': 'root', // another user could not write into the caller's directories
    'Acquire::Languages': 'none',
    'Acquire::ForceHash': 'SHA256',
    'Acquire::Retries': '3',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  const { proxies, helper } = await ownConfiguration();
  await fs.appendFile(path.join(place, 'status'), ''); // a new time would make apt rebuild its cache
  await fs.writeFile(path.join(place, 'sources.list'), sources);
  const architectures = `#clear APT::Architectures;\nAPT::Architectures { "${architecture}"; };`;
  const configuration = path.join(place, 'apt.conf');
  await fs.writeFile(configuration, `${[...lines, architectures, ...proxies].join('\n')}\n`);
  return async (tool, args, timeoutMs) => {
    try {
      // apt would keep its lock after flix was killed, and the next run would fail
      const words = [...(await endingWithFlix()), tool === 'apt-helper' ? helper : tool, ...args];
      return (
        await run(words[0]!, words.slice(1), {
          env: { ...proxyVariables(), APT_CONFIG: configuration },
          timeoutMs,
        })
      ).stdout;
    } catch (error) {
      throw explained(error, tool);
    }
  };
}

/** Returns the proxies of this machine's own configuration of apt, and the path of `apt-helper`, which is not in `PATH`. */
async function ownConfiguration(): Promise<{ readonly proxies: string[]; readonly helper: string }> {
  const lines = (await run('apt-config', ['dump'])).stdout.split('\n');
  const methods = lines.flatMap(line => /^Dir::Bin::methods "(\/[^"]+)"/.exec(line)?.[1] ?? [])[0];
  return {
    proxies: lines.filter(line => /^Acquire::[\w:.-]*proxy[\w:.-]* "/i.test(line)),
    helper: path.join(path.dirname(methods ?? '/usr/lib/apt/methods'), 'apt-helper'),
  };
}

function proxyVariables(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'];
  return Object.fromEntries(
    [...names, ...names.map(name => name.toUpperCase())].flatMap(name => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function explained(error: unknown, tool: string): unknown {
  if (!(error instanceof FlixError) || error.code !== 'tool-failed') return error;
  const [, version, of] = /E: Version '([^']+)' for '([^']+)' was not found/.exec(error.message) ?? [];
  if (version !== undefined)
    return new FlixError(
      'input',
      'no-version',
      `the archive has no version ${version} of ${of}`,
      'flix list-versions shows the versions that the archive offers a recipe.',
    );
  const unknown = /E: Unable to locate package (\S+)|E: Package '([^']+)' has no installation candidate/.exec(
    error.message,
  );
  const name = unknown?.[1] ?? unknown?.[2];
  if (name !== undefined) return noPackage(name);
  return new FlixError('io', error.code, error.message.replace(/^setpriv(?= failed)/, tool), error.fix);
}

function noPackage(name: string): FlixError {
  return new FlixError(
    'input',
    'no-package',
    `the archive has no package ${name} for this release and architecture`,
    'Check the name, or add components of the archive with --components.',
  );
}
