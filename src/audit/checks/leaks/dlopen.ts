import { basename } from '../../../view/path.ts';
import { linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { isOf } from '../../extension.ts';
import { providerText } from '../../finding.ts';
import { type DlopenName, dlopenNamesIn } from '../../../needs/opened-names.ts';
import { openedBy, reachesHost } from '../../opened-by-name.ts';
import type { Subject } from '../../subject.ts';

interface HostDlopen extends Observation {
  /** As the object’s note states; `null` if the file only contains the name. */
  readonly priority: NonNullable<DlopenName['priority']> | null;
}

export const hostDlopen = defineCheck(
  'leaks/dlopen',
  {
    title: 'A library opened at run time would come from the host',
    means:
      'An object of a self-contained extension (ID=_any) names a library that it may open at run time (dlopen), in ' +
      'a note or in a string, and in the merged view its loader would pick the host’s file. If only a string names ' +
      'the library this is a note, because the string may have another purpose.',
    matters:
      'Such a library is loaded into a process with a different libc, and brings further libraries of the host. If ' +
      'the host lacks it, the feature is silently missing.',
    fix:
      'Ship the library (“flix vendor --dlopen NAME”), so that it is found first. A sealed loader, which “flix ' +
      'vendor” provides, searches no directory of the host at all.',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<HostDlopen> {
  const { merge } = evidence;
  for (const subject of evidence.subjects) {
    const { extension, role, closure } = subject;
    if (role !== 'program' || extension.claim !== 'self-contained' || !closure.loader) continue;
    if (!reachesHost(closure.loader, subject, merge)) continue;
    const known = new Set(closure.objects.flatMap(({ names, facts }) => [...names, facts.dynamic?.soname]));
    const candidates = closure.objects
      .filter(({ real }) => isOf(extension, merge.providerOf(real)))
      .flatMap(object =>
        dlopenNamesIn(merge.view, object.real)
          .filter(({ name }) => !known.has(name) && !needed(name, subject))
          .map(candidate => ({ object, candidate })),
      );
    const opened = openedBy(
      subject,
      candidates.map(({ candidate: { name } }) => name),
      merge,
    );
    for (const { object, candidate } of candidates) {
      const found = opened.get(candidate.name);
      if (!found || isOf(extension, merge.providerOf(found.real))) continue;
      yield {
        severity: candidate.priority === undefined || candidate.priority === 'suggested' ? 'info' : 'warning',
        extension,
        subject: object.real,
        chain: [linkTo(object, merge), { ...linkTo(found, merge), name: candidate.name }],
        culprit: candidate.name,
        priority: candidate.priority ?? null,
        message: `${basename(object.real)} may open ${candidate.name}, which is ${found.real} of ${providerText(merge.providerOf(found.real))}`,
        fix: `Ship it: “flix vendor --dlopen ${candidate.name}”.`,
      };
    }
  }
}

/** A missing DT_NEEDED library is a finding of its own. */
function needed(name: string, { closure }: Subject): boolean {
  return closure.missing.some(missing => missing.name === name);
}
