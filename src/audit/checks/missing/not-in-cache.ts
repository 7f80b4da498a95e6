import { chainTo, nothing } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { missingLibraries, severityFor } from '../../missing-libraries.ts';

interface NotInCache extends Observation {
  /** Where the library is. */
  readonly path: string;
}

export const notInCache = defineCheck(
  'missing/not-in-cache',
  {
    title: 'A library is not in the host’s cache',
    means:
      'A library that a program needs is in a directory which the host’s /etc/ld.so.conf names, and which is not one ' +
      'of the loader’s default directories. Such a library is found through /etc/ld.so.cache only, and merging does ' +
      'not make that anew.',
    matters:
      'The program does not start: “error while loading shared libraries”. Where it was built, ldconfig had run, and ' +
      'so it worked.',
    fix:
      'Put the library into a default directory of the loader, or let the program have a loader of its own: “flix ' +
      'vendor”. On the host ldconfig after each merge would help, if /etc may be written.',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<NotInCache> {
  for (const { subject, missing, absence } of missingLibraries(evidence)) {
    if (absence.why !== 'not-in-cache') continue;
    yield {
      severity: severityFor(subject),
      extension: subject.extension,
      subject: subject.path,
      chain: [...chainTo(missing.requester, subject, evidence.merge), nothing(missing.name)],
      culprit: absence.path,
      path: absence.path,
      message: `${missing.name} is ${absence.path}, which the host’s ld.so.cache does not know`,
      fix: 'put it into a default directory, or give the program a loader of its own: “flix vendor”',
    };
  }
}
