import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { mergeReloads, RELOAD_MANAGER, reloadsItself } from '../../manager-reload.ts';
import { systemdVersion } from '../../../systemd/systemd-version.ts';
import { unitFiles, unitLinks } from '../../../systemd/unit-files.ts';

export interface NoReload extends FindingBase {
  readonly kind: 'activation/no-reload';
}

export const noReload: Check<NoReload> = {
  kind: 'activation/no-reload',
  page: {
    title: 'systemd does not learn of the units',
    means:
      'The extension brings units or drop-ins, and nothing makes systemd read them: no release file among the merged ' +
      'extensions says EXTENSION_RELOAD_MANAGER=1, or the host’s systemd does not know it (255 does), and no unit of the ' +
      'host runs “systemctl daemon-reload” after the merge.',
    matters:
      'Drop-ins have no effect on units that are known already, and so Upholds= starts nothing until somebody runs ' +
      '“systemctl daemon-reload”. (“systemctl start” finds a unit that nobody has asked for before.)',
    fix:
      'Write EXTENSION_RELOAD_MANAGER=1 into the release file. From 261 on EXTENSION_RESTART_UNITS= and ' +
      'EXTENSION_RELOAD_OR_RESTART_UNITS= do so as well. A host with a systemd older than 255 needs a drop-in in ' +
      '/etc/systemd/system/systemd-sysext.service.d (or systemd-confext.service.d) with ExecStartPost=systemctl daemon-reload.',
  },
  *find({ merge }) {
    const { host } = merge;
    const version = host && systemdVersion(host.view);
    const isOld = version !== undefined && version < RELOAD_MANAGER;
    for (const { name, view, rules, releaseFile } of merge.extensions) {
      const { type, service } = rules;
      if (mergeReloads(merge, type) || (host && reloadsItself(host.view, service))) continue;
      const first = [...unitFiles(view), ...unitLinks(view)][0];
      if (!first) continue;
      yield {
        kind: 'activation/no-reload',
        severity: 'warning',
        extension: name,
        subject: first.path,
        alsoIn: [],
        chain: [],
        culprit: 'EXTENSION_RELOAD_MANAGER',
        message: `it brings units (${first.path}), and nothing makes systemd read them after the merge`,
        fix: isOld
          ? `have the host run “systemctl daemon-reload” after ${service}: its systemd ${version} does not reload by itself`
          : `write EXTENSION_RELOAD_MANAGER=1 into ${releaseFile}`,
      };
    }
  },
};
