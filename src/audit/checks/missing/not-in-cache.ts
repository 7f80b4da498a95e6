import { chainTo, notFound } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { missingLibraries, severityFor } from '../../missing-libraries.ts';

interface NotInCache extends Observation {
  /** The path of the library. */
  readonly path: string;
}

export const notInCache = defineCheck(
  'missing/not-in-cache',
  {
    title: 'A library is not in the host’s cache',
    means:
      'A library that a program needs is in a directory that the host’s /etc/ld.so.conf names but that is not a ' +
      'default directory of the loader. The loader finds such a library only through /etc/ld.so.cache, and merging ' +
      'does not rebuild the cache.',
    matters:
      'The program does not start: “error while loading shared libraries”. It worked where it was built, because ' +
      'ldconfig had run there.',
    fix:
      'Put the library into a default directory of the loader, or give the program a loader of its own with “flix ' +
      'vendor”. Running ldconfig on the host after each merge also helps, if /etc is writable.',
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
      chain: [...chainTo(missing.requester, subject, evidence.merge), notFound(missing.name)],
      culprit: absence.path,
      path: absence.path,
      message: `${missing.name} is at ${absence.path}, which is not in the host’s ld.so.cache`,
      fix: 'Put it into a default directory, or give the program a loader of its own with “flix vendor”.',
    };
  }
}
