import { systemdSince, systemdVersion } from '../../../systemd/systemd-version.ts';
import { unitFiles, valuesOf } from '../../../systemd/unit-files.ts';
import { within } from '../../../view/path.ts';
import { readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck } from '../../check.ts';

export const hiddenMount = defineCheck(
  'layout/hidden-mount',
  {
    title: 'The merge hides a mount of the host',
    means:
      'The host mounts a file system below /usr or /opt (or below /etc, for a configuration extension), by a mount ' +
      'unit or a line of /etc/fstab, and the extension makes systemd mount an overlay over that hierarchy. Before ' +
      'systemd 257 the overlay shows the directory below the mount, not the mounted file system.',
    matters:
      'The files of that mount are gone while extensions are merged: data below /opt, a separate /usr/local, ' +
      'kernel modules. They come back with “systemd-sysext unmerge”.',
    fix:
      'Mount the file system outside /usr and /opt and use bind mounts or links; or order the mount after ' +
      'systemd-sysext.service, with DefaultDependencies=no; or leave that hierarchy (/opt) out of the extension.',
  },
  function* ({ merge: { extensions, host } }) {
    if (!host || (systemdVersion(host.view) ?? 0) >= systemdSince.keepsMounts) return;
    for (const { where, from, after } of mountsOf(host.view))
      for (const extension of extensions) {
        const { view, rules } = extension;
        const places = rules.hierarchies.map(top => `/${top}`);
        const hierarchy = places.find(top => where !== top && within(top, where));
        if (hierarchy === undefined || after.includes(rules.command) || view.kind(hierarchy) !== 'directory')
          continue;
        yield {
          severity: 'error' as const,
          extension,
          subject: hierarchy,
          culprit: where,
          message: `the merge into ${hierarchy} hides what the host mounts at ${where} (${from})`,
          fix: `Mount it outside ${hierarchy}, or after ${rules.service} (with DefaultDependencies=no).`,
        };
      }
  },
);

interface Mount {
  readonly where: string;
  readonly from: string;
  /** The text of the settings that say what it waits for. */
  readonly after: string;
}

function mountsOf(host: View): Mount[] {
  const lines = (readText(host, '/etc/fstab') ?? '').split('\n').map(line => line.trim().split(/\s+/));
  const table = lines.flatMap(([what = '#', where = '', , options = '']) =>
    what.startsWith('#') || !where.startsWith('/')
      ? []
      : [{ where, from: '/etc/fstab', after: (options.match(/x-systemd\.after=[^,]*/g) ?? []).join() }],
  );
  const units = unitFiles(host)
    .filter(({ name }) => name.endsWith('.mount'))
    .flatMap(unit =>
      valuesOf(unit, 'Mount', 'Where').map(where => ({
        where,
        from: unit.path,
        after: valuesOf(unit, 'Unit', 'After').join(),
      })),
    );
  return [...table, ...units];
}
