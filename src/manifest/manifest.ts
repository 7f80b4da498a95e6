import { type InsideMount, insideMounts } from '../wrap/mounts.ts';
import type { StagedPackage } from '../view/stage-record.ts';
import type { HostProgram, Wrapping } from '../wrap/wrapping.ts';

/** What a file is for. */
export type Role =
  | 'entry' // a program that was asked for
  | 'program' // a program that came with a directory
  | 'object' // a library or plugin that stays at its own place
  | 'library' // a private copy
  | 'loader' // the private, sealed copy of the interpreter
  | 'wrapper' // what stands in for a program of the staged root, and starts it there
  | 'resource' // anything else that was asked for
  | 'metadata'; // written by flix

/** A way for code of the host into the programs that stays open. */
export interface Opening {
  /** A variable (`GCONV_PATH`), a file (`/etc/ld.so.preload`) or a directory. */
  readonly through: string;
  /** What can come in through it. */
  readonly admits: string;
  /** The file of the tree that follows it. */
  readonly file: string;
}

/** A decision that the user should know: a cleared bit, a dangling link, a missing optional library. */
export interface Remark {
  readonly code: string;
  readonly file: string;
  readonly message: string;
  /** The library that it is about, as programs open it at run time. */
  readonly opened?: string;
  /** The units that the root does not enable, so that nothing starts them. */
  readonly disabled?: readonly string[];
}

export const MANIFEST_SCHEMA = 'flix.manifest/1';

/** Where a file of the tree comes from, and how it was edited. */
export interface ManifestFile {
  readonly path: string;
  readonly role: Role;
  readonly why: string;
  readonly link?: string;
  readonly origin?: {
    readonly root: string;
    readonly path: string;
    readonly package?: string;
    readonly version?: string;
  };
  readonly sha256?: { readonly before: string; readonly after: string };
  readonly edits?: readonly ManifestEdit[];
}

export type ManifestEdit =
  | { readonly why: string; readonly offset: number; readonly before: string; readonly after: string } // hexadecimal
  | { readonly why: string; readonly by: 'patchelf'; readonly from?: string; readonly to?: string };

/** What a program needs at run time, beyond what its loader loads to start it. */
export interface ManifestNeed {
  /** A path of the root, or the name of a library. */
  readonly what: string;
  /** The object or script of the root that needs it. */
  readonly who: string;
  readonly evidence: { readonly kind: string; readonly text: string; readonly line?: number };
  readonly strength: string;
  readonly verdict: string;
  /** The private place in the tree, if it is redirected. */
  readonly place?: string;
  /** Why it was not brought, although its strength reaches the level of the run. */
  readonly because?: string;
}

/** How the programs of a wrapped tree see its staged root. */
export interface ManifestView extends Pick<Wrapping, 'form' | 'runner' | 'mounts'> {
  /** Why it has this form. */
  readonly because: string;
  readonly staged: 'whole root' | 'closure';
  /** Programs that the wrappers call on the host. */
  readonly needs: readonly HostProgram[];
}

/** What a tree that is bound to hosts takes from them. */
export interface ManifestHost {
  /** The values of the release file, such as `ID=debian VERSION_ID=13`. */
  readonly claim: string;
  /** `false`: no claim covers all of the hosts, so each host needs an image with its own. */
  readonly covers: boolean;
  /**
   * Set by `--per-host`: `one release` if each release has a tree of its own, else `all`. Feeds name the images of such trees
   * so that each host finds its own.
   */
  readonly perHost?: 'one release' | 'all';
  /** The hosts that the tree was planned for, by their names in os-release: `debian 13`. */
  readonly hosts: readonly string[];
  /** The loaders of the hosts that start the programs. */
  readonly interpreters: readonly string[];
  readonly libraries: readonly HostLibrary[];
  /** Paths that the tree leaves to the hosts, because every host has them. */
  readonly files: readonly string[];
  /** Every library that files of the tree need, with the choice that was made. */
  readonly choices: readonly LibraryChoice[];
}

/** A library that the hosts have to provide. */
export interface HostLibrary {
  /** As files of the tree need it: usually the soname. */
  readonly name: string;
  /** Where the hosts have it: real paths. */
  readonly paths: readonly string[];
  /** The versions that files of the tree need of it. */
  readonly versions: readonly string[];
  /** The symbols of it that files of the tree bind, such as `deflate` and `memcpy@GLIBC_2.14`. */
  readonly symbols: readonly string[];
  /** A file of the tree that does not work without it. */
  readonly neededBy: string;
  /** The package that owns it on the hosts; present if the package of a file that needs it demands exactly this version. */
  readonly package?: { readonly name: string; readonly version: string };
  /** Only files that programs can do without need it, such as plugins. */
  readonly optional?: true;
}

export interface LibraryChoice {
  readonly name: string;
  readonly from: 'host' | 'tree';
  readonly because: string;
  /** Its package; present if the tree brings the library only because another package demands exactly this version. */
  readonly package?: { readonly name: string; readonly version: string };
}

/** A root that “flix stage” made, and the package files from which files of the tree come. */
export interface ManifestStaged {
  /** As `origin` names it. */
  readonly root: string;
  readonly source: string;
  readonly digest: string;
  readonly packages?: readonly StagedPackage[];
}

/** Part of the image, so it may hold only what follows from the input and the versions of the tools. */
export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly flix: string;
  readonly name: string;
  /**
   * `flatwrap`: nothing is edited, and `view` says how the programs are run. `host-bound`: the host's loader runs the
   * programs, and `host` says what the tree takes from there.
   */
  readonly mode: 'flix' | 'flatwrap' | 'host-bound';
  /** Why `--mode auto` chose it; absent if the user named the mode. */
  readonly modeBecause?: string;
  readonly prefix: string;
  readonly seal: 'auto' | 'none';
  readonly architecture: string | null;
  readonly view?: ManifestView;
  readonly host?: ManifestHost;
  readonly entries: readonly string[];
  /** `flix audit` lowers findings about these to notes. */
  readonly open: readonly Opening[];
  readonly remarks: readonly Remark[];
  /** What was brought for programs, and what else they need. Trees of earlier versions have none. */
  readonly needs?: readonly ManifestNeed[];
  /** Absent if no root was staged. */
  readonly staged?: readonly ManifestStaged[];
  readonly files: readonly ManifestFile[];
  /** The path of the SBOM, with `--sbom`. */
  readonly sbom?: string;
}

/** Returns the mounts of a wrapped tree's view with their paths inside it, that of the staged root first. */
export function mountsInside({ name, prefix }: Manifest, view: ManifestView): InsideMount[] {
  return insideMounts({ ...view, name, prefix });
}

export function manifestPath({ prefix }: Pick<Manifest, 'prefix'>): string {
  return `${prefix}/manifest.json`;
}

/** Returns the path of the SBOM. Scanners recognise a CycloneDX document by its suffix. */
export function sbomPath({ prefix }: Pick<Manifest, 'prefix'>): string {
  return `${prefix}/sbom.cdx.json`;
}
