import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { beforeMerge, SYSEXT } from '../../boot-order.ts';
import { namesIn, type UnitFile, unitFiles, valuesOf } from '../../unit-files.ts';

export interface OrderCycle extends FindingBase {
  readonly kind: 'activation/cycle';
}

/** What systemd-sysext.service of every release waits for. */
const ALWAYS_BEFORE = ['local-fs.target', 'local-fs-pre.target'];

export const orderCycle: Check<OrderCycle> = {
  kind: 'activation/cycle',
  page: {
    title: 'A unit wants to start before what brings it',
    means:
      'A unit of the extension is ordered before systemd-sysext.service, or after it and before something for which ' +
      'systemd-sysext.service itself waits, such as local-fs.target (mount units are before that by default). Or a ' +
      'drop-in changes systemd-sysext.service from inside of an extension.',
    matters:
      'The unit is known only once the extension is merged, so the first never holds. The second is a cycle: at the ' +
      'next start in which all are known systemd says “Found ordering cycle” and drops one of the jobs, which may be ' +
      'that of systemd-sysext: then no extension is merged.',
    mend:
      'Take the Before= out. A mount unit after the merge needs DefaultDependencies=no. Drop-ins for ' +
      'systemd-sysext.service belong to the host, in /etc/systemd/system.',
  },
  *find({ merge: { extensions, host } }) {
    const early = new Set([...ALWAYS_BEFORE, ...(host ? beforeMerge(host.view) : [])]);
    for (const { name, view } of extensions)
      for (const unit of unitFiles(view)) {
        const why = contradiction(unit, early);
        if (why === undefined) continue;
        yield {
          kind: 'activation/cycle',
          severity: 'error',
          extension: name,
          subject: unit.path,
          alsoIn: [],
          chain: [],
          culprit: unit.name,
          message: `${unit.path} ${why}`,
          remedy: unit.name === SYSEXT ? 'put it on the host, in /etc/systemd/system' : 'take that order out',
        };
      }
  },
};

function contradiction(unit: UnitFile, early: ReadonlySet<string>): string | undefined {
  if (unit.name === SYSEXT) return `changes ${SYSEXT}, which has run when it becomes known`;
  const before = namesIn(unit, 'Unit', 'Before');
  if (before.includes(SYSEXT)) return `is ordered before ${SYSEXT}, which brings it`;
  if (!namesIn(unit, 'Unit', 'After').includes(SYSEXT)) return undefined;
  const hasDefaults = !valuesOf(unit, 'Unit', 'DefaultDependencies').some(value =>
    /^(?:0|no?|f|false|off)$/i.test(value),
  );
  const implied = unit.name.endsWith('.mount') && hasDefaults ? ['local-fs.target'] : [];
  const target = [...before, ...implied].find(other => early.has(other));
  return target && `is ordered after ${SYSEXT} and before ${target}, for which that waits`;
}
