import { basename } from '../../../view/path.ts';
import { chainTo, notFound } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import type { Severity } from '../../finding.ts';
import { type LostName, lostNames } from '../../opened-names.ts';

interface OpenedLibrary extends Observation {
  /** As the object’s note states; `null` if the file only contains the name, or is the libc. */
  readonly priority: 'required' | 'recommended' | 'suggested' | null;
  /** The host’s own loader finds it; the private loader of the extension hides it. */
  readonly onHost: boolean;
}

export const openedLibrary = defineCheck(
  'missing/opened-library',
  {
    title: 'A library that a program opens at run time is missing',
    means:
      'An object of the extension opens a library at run time (dlopen), and its loader does not find it in the merged ' +
      'view. A note in the object (.note.dlopen) says whether the library is required (an error), recommended (a ' +
      'warning) or suggested (a note); what the libc opens by itself counts as recommended. If the host lacks the ' +
      'library as well, one that is recommended is a note, and one that is suggested is not reported. A name that the ' +
      'object only contains as a string is a note, and only if the loader of the extension hides the library of the ' +
      'host: the string may have another purpose.',
    matters:
      'A private loader that is sealed, as “flix vendor” makes it, searches only the directory of its extension. What a ' +
      'program opened before from a directory of the host is cut off. The program then runs without that feature, or ' +
      'stops when it needs it.',
    fix:
      'Bring the library with “flix vendor --dlopen NAME”, from a root that has it. To accept a string that has another ' +
      'purpose, list the finding in “allow” of flix.json.',
  },
  evidence => gathered(lostNames(evidence).map(lost => finding(lost, evidence))),
);

function finding(lost: LostName, { merge }: Evidence): OpenedLibrary {
  const { subject, caller, name, alternatives, priority, onHost } = lost;
  const names = alternatives.join(' or ');
  const nobody = merge.host
    ? 'neither the extension nor the host provides'
    : 'the extension does not contain';
  const where = onHost ? 'its private loader does not find, although the host has it' : nobody;
  return {
    severity: severityOf(lost),
    extension: subject.extension,
    subject: caller.real,
    chain: [...chainTo(caller, subject, merge), notFound(name)],
    culprit: name,
    priority: priority ?? null,
    onHost,
    message: `${basename(caller.real)} ${verb(lost)} ${names} at run time, which ${where}`,
    fix: onHost
      ? `Bring it: “flix vendor --dlopen ${name}”.`
      : `Install it into the staging root, and bring it: “flix vendor --dlopen ${name}”.`,
  };
}

function severityOf({ priority, isLibc, onHost }: LostName): Severity {
  if (priority === 'required') return 'error';
  return onHost && (priority === 'recommended' || isLibc) ? 'warning' : 'info';
}

function verb({ priority, isLibc }: LostName): string {
  if (isLibc) return 'opens';
  return priority === 'required' ? 'requires' : priority === 'recommended' ? 'uses' : 'may open';
}
