import type { ManifestHost, Opening, Remark, Role } from '../manifest/manifest.ts';
import type { Edit } from '../relocate/edit.ts';
import type { JudgedNeed } from '../needs/need.ts';
import type { Package } from '../packages/package.ts';
import type { Closure } from '../resolve/closure.ts';
import type { View } from '../view/view.ts';
import type { HostProgram, Wrapping } from '../wrap/wrapping.ts';

export interface PlannedFile {
  /** Absolute path in the tree. */
  readonly target: string;
  readonly role: Role;
  readonly content: Content;
  /** Why it is here, for the user: `needed by /usr/bin/tilde as libtranscript.so.1`. */
  readonly why: string;
}

export type Content =
  | { readonly kind: 'copy'; readonly view: View; readonly path: string; readonly edits: readonly Edit[] }
  | {
      readonly kind: 'link';
      readonly to: string;
      readonly origin?: { readonly view: View; readonly path: string };
    }
  | { readonly kind: 'directory'; readonly view: View; readonly path: string }
  | { readonly kind: 'mount-point' } // an empty directory
  | { readonly kind: 'text'; readonly text: string; readonly executable?: boolean };

/**
 * Returns the identity of a copied file in the tree: hard links of a root stay hard links if they get the same edits, and
 * a loader takes them for one object.
 *
 * @param id the identity of the file in its root, if the caller knows it
 */
export function identityOf(
  { view, path, edits }: Extract<Content, { kind: 'copy' }>,
  id = view.stat(path).id,
): string {
  const text = (_: string, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  return `${id} ${JSON.stringify(edits, text)}`;
}

/** A closure that the finished tree must have: `object` loads exactly these files of the tree. */
export interface ExpectedClosure {
  readonly object: string;
  /** It is no program, and came with a directory: nothing fails at the start without it. */
  readonly optional: boolean;
  /** Real paths in the tree, without the loader. */
  readonly loads: readonly string[];
  /** Names that are not found: optional, or left out on purpose. */
  readonly lacks: readonly string[];
  /**
   * The loader does not list all of it: it refuses an object with missing symbol versions, and does not list a filtee,
   * which precedes the object that names it.
   */
  readonly unlisted: boolean;
}

/** The licence files in the tree, by their paths there. */
export interface Licences {
  readonly packages: readonly { readonly owner: Package; readonly targets: readonly string[] }[];
  /** Texts to which files of several packages refer. */
  readonly common: readonly string[];
}

/** Every file of the tree, decided before anything is written. */
export interface Plan {
  readonly name: string;
  /** `/usr/local/<name>` */
  readonly prefix: string;
  readonly seal: 'auto' | 'none';
  /** Why the mode was chosen; `undefined`: the user named it. */
  readonly modeBecause?: string | undefined;
  /** Flatwrap: the programs run unedited in a view of a staged root; `undefined`: they are edited. */
  readonly wrapped: Wrapped | undefined;
  /** The hosts whose loaders run the programs; absent: the tree has its own. */
  readonly bound?: BoundToHosts | undefined;
  /** In systemd's spelling (`x86-64`); `undefined`: the tree has no program. */
  readonly architecture: string | undefined;
  /** The real path of the private loader in the tree; `undefined`: no program needs one. */
  readonly loader: string | undefined;
  readonly entries: readonly string[];
  /** By target, in C order. */
  readonly files: readonly PlannedFile[];
  readonly expected: readonly ExpectedClosure[];
  readonly openings: readonly Opening[];
  readonly remarks: readonly Remark[];
  /** What the programs need beyond their closures, worst first. */
  readonly needs: readonly JudgedNeed[];
  readonly closures: readonly Closure[];
  /** Set with `--sbom`. */
  readonly licences?: Licences;
}

/** What a tree takes from the hosts that it is made for, and what their loaders must find. */
export interface BoundToHosts {
  readonly host: ManifestHost;
  readonly hosts: readonly {
    readonly label: string;
    /** As systemd merges it. */
    readonly view: View;
    /** The path of the loader of the programs, which loads libraries, too. */
    readonly interpreter: string | undefined;
    /** Paths are those in the merged view. */
    readonly expected: readonly ExpectedClosure[];
  }[];
}

/** How the programs of a staged root are run, and what its loaders must list. */
export interface Wrapped {
  readonly wrapping: Wrapping;
  /** Why the view has this form. */
  readonly because: string;
  /** The whole root is staged, not only the requested files and their closure. */
  readonly whole: boolean;
  /** The programs of the host that the wrappers call. */
  readonly needs: readonly HostProgram[];
  /** What each loader of the staged root must list; paths are inside the view. */
  readonly loaders: readonly StagedLoader[];
}

export interface StagedLoader {
  /** As PT_INTERP names it. */
  readonly path: string;
  readonly expected: readonly ExpectedClosure[];
}
