import { chainTo, notFound } from '../../chain.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';

interface MissingVersionFile extends Observation {
  readonly version: string;
  /** The object that needs it. */
  readonly requester: string;
}

export const missingVersionFile = defineCheck(
  'missing/version-file',
  {
    title: 'A symbol version refers to a library that is not loaded',
    means:
      'An object requires a symbol version from a library by name, and no loaded object has that name. Usually ' +
      'somebody edited its DT_NEEDED entry (patchelf --replace-needed, --remove-needed) but not its version table.',
    matters: 'The loader checks this with an assertion, and aborts the program at start.',
    fix:
      'Make DT_NEEDED and the version table name the same library again: take the original file, and install ' +
      'libraries under their sonames instead of renaming them in the file. (“flix vendor” edits neither.)',
  },
  ({ subjects, merge }) =>
    gathered(
      subjects.flatMap(subject =>
        subject.closure.versionProblems
          .filter(({ provider }) => !provider)
          .map(({ requester, file, version }): MissingVersionFile => ({
            severity: 'error',
            extension: subject.extension,
            subject: subject.path,
            chain: [...chainTo(requester, subject, merge), notFound(file)],
            culprit: `${file} for ${requester.real}`,
            version,
            requester: requester.real,
            message: `${requester.real} needs ${version} from ${file}, but no library of that name is loaded`,
            fix: 'Use the file as it was built; “flix vendor” renames nothing in it.',
          })),
      ),
    ),
);
