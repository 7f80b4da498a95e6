import { chainTo, notFound } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { missingLibraries, severityFor } from '../../missing-libraries.ts';

interface UnreadConfiguration extends Observation {
  /** The path of the library. */
  readonly path: string;
  /** The file that names its directory and that nothing reads. */
  readonly configuration: string;
}

export const unreadConfiguration = defineCheck(
  'missing/unread-ld-conf',
  {
    title: 'Only an unread ld.so.conf leads to a library',
    means:
      'A library that a program needs is in a directory of its own, and the file that names this directory is ' +
      'below /usr. Packages install such files in /etc/ld.so.conf.d, which a system extension cannot ship; nothing ' +
      'reads them below /usr.',
    matters:
      'ldconfig reads /etc/ld.so.conf and the files that it includes, and merging does not run ldconfig anyway. ' +
      'The program does not start: “error while loading shared libraries”, although the file exists.',
    fix:
      'Let the program find the library by itself: “flix vendor” gives it a loader whose default directory ' +
      'contains the library. Or set a run path to that directory (patchelf --set-rpath).',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<UnreadConfiguration> {
  for (const { subject, missing, absence } of missingLibraries(evidence)) {
    if (absence.why !== 'unread-configuration') continue;
    const { path, configuration } = absence;
    yield {
      severity: severityFor(subject),
      extension: subject.extension,
      subject: subject.path,
      chain: [...chainTo(missing.requester, subject, evidence.merge), notFound(missing.name)],
      culprit: path,
      path,
      configuration,
      message: `${missing.name} is at ${path}, but nothing reads ${configuration}, which names that directory`,
      fix: 'Give the program a loader that searches there with “flix vendor”, or a run path to that directory.',
    };
  }
}
