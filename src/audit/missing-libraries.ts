import type { Missing } from '../resolve/closure.ts';
import { type Absence, absenceOf } from './absence.ts';
import type { Evidence } from './check.ts';
import type { Severity } from './finding.ts';
import type { Subject } from './subject.ts';

/** A library that a loader does not find for a subject. */
export interface MissingOf {
  readonly subject: Subject;
  readonly missing: Missing;
  readonly absence: Absence;
}

const known = new WeakMap<Evidence, readonly MissingOf[]>();

/** All of them, where a loader is there to search; of what is preloaded it only complains. */
export function missingLibraries(evidence: Evidence): readonly MissingOf[] {
  let all = known.get(evidence);
  if (!all)
    known.set(
      evidence,
      (all = evidence.subjects.flatMap(subject =>
        subject.closure.loader
          ? subject.closure.missing
              .filter(({ tag }) => tag !== 'preload')
              .map(missing => ({ subject, missing, absence: absenceOf(missing, evidence) }))
          : [],
      )),
    );
  return all;
}

/** Without a plugin a program still runs. */
export function severityFor({ role }: Subject): Severity {
  return role === 'program' ? 'error' : 'warning';
}
