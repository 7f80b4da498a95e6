import { sha256At } from '../view/digest.ts';
import { ReadFailure, type View } from '../view/view.ts';

/** The link or file that the manifest records at a path. */
export interface ExpectedEntry {
  readonly path: string;
  /** The text of the link. */
  readonly link: string | undefined;
  /** Hexadecimal; `undefined` for a link, or if the content is not recorded. */
  readonly sha256: string | undefined;
}

/** Describes how a view differs from an entry, as a predicate that follows the path; `undefined` if it does not. */
export function differenceFrom(view: View, { path, link, sha256 }: ExpectedEntry): string | undefined {
  const kind = view.kind(path);
  if (kind === undefined) return 'is missing';
  if (link !== undefined) {
    if (kind !== 'link') return `should be a link to ${link}`;
    const to = view.readlink(path);
    return to === link ? undefined : `points to ${to} instead of ${link}`;
  }
  if (sha256 === undefined) return undefined;
  if (kind !== 'file') return 'should be a file';
  const found = digest(view, path);
  return found === sha256 ? undefined : `was changed: its SHA-256 is ${found}, not ${sha256}`;
}

function digest(view: View, path: string): string {
  try {
    return sha256At(view, path).toString('hex');
  } catch (error) {
    if (error instanceof ReadFailure) return `unknown (${error.code})`;
    throw error;
  }
}
