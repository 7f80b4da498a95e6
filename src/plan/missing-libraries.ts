import { FlixError } from '../errors.ts';

export const FIND_LIBRARIES =
  'Install what is missing into the staging root, add a root with --staging, or leave a library out with --exclude-lib NAME=REASON.';

/** Libraries that the tree needs and no root has. */
export class MissingLibraries extends FlixError {
  /** The names under which they are sought. */
  readonly libraries: readonly string[];

  /** @param message what is missing and who needs it, in one or more lines */
  constructor(message: string, libraries: readonly string[]) {
    super('missing', 'missing-library', message, FIND_LIBRARIES);
    this.libraries = libraries;
  }
}
