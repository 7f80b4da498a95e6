import { mergeReloads, reloadsItself } from '../../../systemd/merge-service.ts';
import { systemdSince, systemdVersion } from '../../../systemd/systemd-version.ts';
import { unitFiles, unitLinks } from '../../../systemd/unit-files.ts';
import { defineCheck } from '../../check.ts';

export const noReload = defineCheck(
  'activation/no-reload',
  {
    title: 'systemd does not reload its units',
    means:
      'The extension contains units or drop-ins, but nothing makes systemd read them: no release file among the ' +
      'merged extensions says EXTENSION_RELOAD_MANAGER=1, or the host’s systemd is older than 255, which ' +
      'introduced it, and no unit of the host runs “systemctl daemon-reload” after the merge.',
    matters:
      'Drop-ins have no effect on units that systemd has already loaded, so Upholds= starts nothing until somebody ' +
      'runs “systemctl daemon-reload”. (“systemctl start” does find a unit that was never requested before.)',
    fix:
      'Write EXTENSION_RELOAD_MANAGER=1 into the release file. From systemd 261 on, EXTENSION_RESTART_UNITS= and ' +
      'EXTENSION_RELOAD_OR_RESTART_UNITS= do the same. A host with a systemd before 255 needs a drop-in in ' +
      '/etc/systemd/system/systemd-sysext.service.d (or systemd-confext.service.d) with ExecStartPost=systemctl ' +
      'daemon-reload.',
  },
  function* ({ merge }) {
    const { host } = merge;
    const version = host && systemdVersion(host.view);
    const isOld = version !== undefined && version < systemdSince.reloadManager;
    for (const extension of merge.extensions) {
      const { view, rules, releaseFile } = extension;
      const { type, service } = rules;
      if (mergeReloads(merge.extensions, type, host?.view) || (host && reloadsItself(host.view, service)))
        continue;
      const first = [...unitFiles(view), ...unitLinks(view)][0];
      if (!first) continue;
      yield {
        extension,
        subject: first.path,
        culprit: 'EXTENSION_RELOAD_MANAGER',
        message: `it contains units (${first.path}), but nothing makes systemd read them after the merge`,
        fix: isOld
          ? `Let the host run “systemctl daemon-reload” after ${service}: its systemd ${version} does not reload by itself.`
          : `Write EXTENSION_RELOAD_MANAGER=1 into ${releaseFile}, or pack with “flix pack TREE --reload-manager”.`,
      };
    }
  },
);
