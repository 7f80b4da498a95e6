import { chainTo, nothing } from '../../chain.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';

interface MissingVersionFile extends Observation {
  readonly version: string;
  /** The object that needs it. */
  readonly requester: string;
}

export const missingVersionFile = defineCheck(
  'missing/version-file',
  {
    title: 'A version is asked of a file that is not loaded',
    means:
      'An object requires a symbol version of a library by its name, and nothing that is loaded bears that name. ' +
      'Mostly its DT_NEEDED entry was edited (patchelf --replace-needed, --remove-needed) and its version table was ' +
      'not.',
    matters: 'The loader checks it with an assertion, and ends the program at its start.',
    fix:
      'Let DT_NEEDED and the version table name one library again: take the original file, and place libraries under ' +
      'their sonames instead of renaming them in the file (“flix vendor” edits neither).',
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
            chain: [...chainTo(requester, subject, merge), nothing(file)],
            culprit: `${file} for ${requester.real}`,
            version,
            requester: requester.real,
            message: `${requester.real} needs ${version} of ${file}, which is not loaded under that name`,
            fix: 'take the file as it was built: “flix vendor” renames nothing in it',
          })),
      ),
    ),
);
