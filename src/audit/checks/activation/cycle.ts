import { orderedAfter, orderedBefore, predecessors } from '../../../systemd/boot-order.ts';
import type { ExtensionRules } from '../../../systemd/extension-type.ts';
import { mergeReloads } from '../../../systemd/merge-service.ts';
import { namesIn, type UnitFile, unitFiles, wholeUnit } from '../../../systemd/unit-files.ts';
import { layeredView } from '../../../view/layers.ts';
import { defineCheck } from '../../check.ts';
import type { Merge } from '../../merge.ts';

/**
 * Settings that take effect in a drop-in that systemd reads while the service runs, because the merge reloads systemd.
 */
const IN_TIME = /^(?:ExecStartPost|ExecReload|ExecStop|ExecStopPost)$/;

/** Without a host, only the order that every host has is known. */
const NONE = layeredView([], 'no host');

export const orderCycle = defineCheck(
  'activation/cycle',
  {
    title: 'A unit is ordered before the service that merges it',
    means:
      'A unit of the extension is ordered before systemd-sysext.service (systemd-confext.service for a ' +
      'configuration extension), or it is ordered after that service and before something that the service itself ' +
      'waits for, such as local-fs.target. Services wait for it by default, because they are ordered after ' +
      'sysinit.target; local mount units are ordered before local-fs.target by default. Also reported: a drop-in ' +
      'inside an extension that changes systemd-sysext.service.',
    matters:
      'systemd learns of the unit only when the extension is merged, so the first order never takes effect. The ' +
      'second is a cycle: once all units are known, at the latest at shutdown, systemd reports “Found ordering ' +
      'cycle” and drops one of the jobs. Often that is systemd-sysext.service: the extension is then not unmerged ' +
      'or, if the units were known from the start, not merged.',
    fix:
      'Remove the Before=, or set DefaultDependencies=no if the unit does not need what is merged. A mount unit ' +
      'that comes after the merge needs DefaultDependencies=no. Drop-ins for systemd-sysext.service belong on the ' +
      'host, in /etc/systemd/system.',
  },
  function* ({ merge }) {
    for (const extension of merge.extensions) {
      const { view, rules } = extension;
      const found = new Set<string>();
      for (const unit of unitFiles(view)) {
        const why = found.has(unit.name) ? undefined : contradiction(unit, merge, rules);
        if (why === undefined) continue;
        found.add(unit.name);
        yield {
          severity: 'error',
          extension,
          subject: unit.path,
          culprit: unit.name,
          message: `${unit.path} ${why}`,
          fix:
            unit.name === rules.service
              ? 'Put it on the host, in /etc/systemd/system.'
              : 'Remove that ordering.',
        };
      }
    }
  },
);

function contradiction(file: UnitFile, merge: Merge, { type, service }: ExtensionRules): string | undefined {
  const { view, host } = merge;
  if (file.name === service) {
    const isLate =
      !mergeReloads(merge.extensions, type, host?.view) ||
      file.settings.some(({ key }) => !IN_TIME.test(key));
    return isLate ? `changes ${service}, but is known only after that service has run` : undefined;
  }
  if (namesIn(file, 'Unit', 'Before').includes(service))
    return `is ordered before ${service}, which merges it`;
  const around = host?.view ?? NONE;
  const early = predecessors(around, service);
  // the cycle exists on the host already
  if (early.has(file.name) && predecessors(around, file.name).has(service)) return undefined;
  const unit = wholeUnit(view, file.name)!;
  const before = orderedBefore(unit).find(other => early.has(other));
  const after = orderedAfter(unit).find(
    other => other === service || predecessors(around, other).has(service),
  );
  if (before === undefined || after === undefined) return undefined;
  const waits = after === service ? '' : ' (which waits for it)';
  return `is ordered after ${after}${waits} and before ${before}, for which ${service} waits`;
}
