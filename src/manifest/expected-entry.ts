import { sha256At } from '../view/digest.ts';
import { ReadFailure, type View } from '../view/view.ts';

/** What is to be found at a path: a link, or a file of this content. */
export interface ExpectedEntry {
  readonly path: string;
  /** The text of the link. */
  readonly link: string | undefined;
  /** Hexadecimal; `undefined`: a link, or a content of which nothing is known. */
  readonly sha256: string | undefined;
}

/** How what stands there differs, as it goes on after the path; `undefined`: it does not. */
export function differenceFrom(view: View, { path, link, sha256 }: ExpectedEntry): string | undefined {
  const kind = view.kind(path);
  if (kind === undefined) return 'is not there';
  if (link !== undefined) {
    if (kind !== 'link') return `is to be a link to ${link}`;
    const to = view.readlink(path);
    return to === link ? undefined : `leads to ${to}, and is to lead to ${link}`;
  }
  if (sha256 === undefined) return undefined;
  if (kind !== 'file') return 'is to be a file';
  const found = digest(view, path);
  return found === sha256 ? undefined : `has another content: its SHA-256 is ${found}, not ${sha256}`;
}

function digest(view: View, path: string): string {
  try {
    return sha256At(view, path).toString('hex');
  } catch (error) {
    if (error instanceof ReadFailure) return `unknown (${error.code})`;
    throw error;
  }
}
