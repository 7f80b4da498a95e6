import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { type CacheDamage, type CacheEntry, writeCache } from './cache-writer.ts';
import type { ElfRecipe } from './elf-recipe.ts';
import { writeElf } from './elf-writer.ts';

/** A file of a fixture: an ELF file, a link, a text, a directory or a FIFO. */
export type FileRecipe =
  | ElfRecipe
  | { readonly link: string }
  | { readonly hardlink: string }
  | { readonly text: string; readonly mode?: number }
  | { readonly directory: true; readonly mode?: number }
  | { readonly fifo: true }
  | { readonly socket: true }
  | { readonly mode: number; readonly elf: ElfRecipe };

/** A root that shows one rule of a loader. */
export interface Recipe {
  /** One sentence. */
  readonly rule: string;
  /** Where the rule is implemented: a loader's source file and function. */
  readonly source: string;
  /** Tools that get it wrong. */
  readonly wrong?: readonly string[];
  /** The loader of the root; default `glibc`, the machine's own. */
  readonly loader?: LoaderName;
  /** Default `/usr/bin/prog`. */
  readonly entry?: string;
  readonly files: Readonly<Record<string, FileRecipe>>;
  /** The entries of ld.so.cache; or `ldconfig`, the entries that ldconfig finds in the root, in its order. */
  readonly cache?: readonly CacheEntry[];
  readonly ldconfig?: readonly CacheEntry[];
  readonly cacheDamage?: CacheDamage;
  /** LD_LIBRARY_PATH, as one string. */
  readonly libraryPath?: string;
  /** LD_PRELOAD, as one string. */
  readonly preload?: string;
  /** The processor level, such as `x86-64-v3`; default none. */
  readonly hwcaps?: string;
  /** The kernel starts the program, so that `$ORIGIN` is its real directory. By default the loader is called to list it. */
  readonly kernel?: boolean;
  /** The rule can be observed only by a user who may not read everything. */
  readonly unprivileged?: boolean;
  /** Why the real loader cannot be asked. */
  readonly untold?: string;
  /** How the listing differs from what is loaded, and why. */
  readonly listing?: {
    readonly why: string;
    readonly libs?: readonly string[];
    readonly missing?: readonly string[];
  };
}

export interface Expectation {
  /** Literal paths in load order, without program and loader. Absent if the search fails and nothing is loaded. */
  readonly libs?: readonly string[];
  readonly missing?: readonly string[];
  readonly fatal?: { readonly path: string; readonly says: string };
  /** What LD_PRELOAD and ld.so.preload name and the loader passes over. */
  readonly skippedPreloads?: readonly string[];
  /** Versions that no library defines: `requester file version`. */
  readonly versions?: readonly string[];
  /** Why each object was chosen: the kind of its origin. */
  readonly origins?: Readonly<Record<string, string>>;
}

export type LoaderName =
  | 'glibc'
  | 'glibc-2.31'
  | 'glibc-patched'
  | 'glibc-2.41'
  | 'glibc-2.43'
  | 'glibc-i386'
  | 'glibc-armhf'
  | 'glibc-ppc64le'
  | 'musl'
  | 'none';

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** The names of all fixtures, one for each rule, in C order. */
export function fixtureNames(): string[] {
  const entries = fs.readdirSync(fixtures, { withFileTypes: true });
  return entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort();
}

export function readFixture(name: string): { recipe: Recipe; expect: Expectation } {
  const read = (file: string): unknown =>
    JSON.parse(fs.readFileSync(path.join(fixtures, name, file), 'utf8'));
  return { recipe: read('recipe.json') as Recipe, expect: read('expect.json') as Expectation };
}

/** Builds the root of a recipe, except for its loader. Makes hard links last, because their targets must exist. */
export function buildFixture(root: string, recipe: Recipe): void {
  fs.chmodSync(root, 0o755);
  const files = Object.entries(recipe.files).sort(
    ([, a], [, b]) => Number('hardlink' in a) - Number('hardlink' in b),
  );
  for (const [name, file] of files) writeFile(root, name, file);
  if (recipe.ldconfig) execaSync('ldconfig', ['-r', root], { reject: false });
  const entries =
    recipe.cache ?? (fs.existsSync(path.join(root, 'etc/ld.so.cache')) ? undefined : recipe.ldconfig);
  if (entries) put(path.join(root, 'etc/ld.so.cache'), writeCache(entries, 'little', recipe.cacheDamage));
}

function writeFile(root: string, name: string, file: FileRecipe): void {
  const at = path.join(root, name);
  fs.mkdirSync(path.dirname(at), { recursive: true });
  if ('link' in file) fs.symlinkSync(file.link, at);
  else if ('hardlink' in file) fs.linkSync(path.join(root, file.hardlink), at);
  else if ('text' in file) put(at, file.text, file.mode);
  else if ('directory' in file) makeDirectory(at, file.mode);
  else if ('fifo' in file) execaSync('mkfifo', [at]);
  else if ('socket' in file)
    execaSync('perl', [
      '-MIO::Socket::UNIX',
      '-e',
      'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die',
      at,
    ]);
  else if ('elf' in file) put(at, writeElf(file.elf), file.mode);
  else put(at, writeElf(file), 0o755);
}

function makeDirectory(at: string, mode?: number): void {
  fs.mkdirSync(at, { recursive: true });
  if (mode !== undefined) fs.chmodSync(at, mode);
}

function put(at: string, content: Uint8Array | string, mode = 0o644): void {
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.writeFileSync(at, content);
  fs.chmodSync(at, mode);
}
