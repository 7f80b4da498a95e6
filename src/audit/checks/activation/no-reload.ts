import { releasePath } from '../../../view/extension-release.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { Release } from '../../systemd-decision.ts';
import { unitFiles, unitLinks } from '../../unit-files.ts';

export interface NoReload extends FindingBase {
  readonly kind: 'activation/no-reload';
}

export const noReload: Check<NoReload> = {
  kind: 'activation/no-reload',
  page: {
    title: 'systemd does not learn of the units',
    means:
      'The extension brings units or drop-ins, and its release file does not say EXTENSION_RELOAD_MANAGER=1. systemd ' +
      'has read its units before the extension was merged, and reads them again when it is told to.',
    matters:
      'After the boot “systemctl start” says that the unit is not found, drop-ins have no effect, and Upholds= starts ' +
      'nothing until somebody runs “systemctl daemon-reload”.',
    mend:
      'Write EXTENSION_RELOAD_MANAGER=1 into the release file (257 knows it, 252 does not). From 261 on ' +
      'EXTENSION_RESTART_UNITS= and EXTENSION_RELOAD_OR_RESTART_UNITS= do so as well. Older hosts need a ' +
      'daemon-reload after systemd-sysext.service.',
  },
  *find({ merge: { extensions } }) {
    for (const { name, view, release } of extensions) {
      const first = [...unitFiles(view), ...unitLinks(view)][0];
      if (!first || reloadsManager(release)) continue;
      yield {
        kind: 'activation/no-reload',
        severity: 'warning',
        extension: name,
        subject: first.path,
        alsoIn: [],
        chain: [],
        culprit: 'EXTENSION_RELOAD_MANAGER',
        message: `it brings units (${first.path}), and nothing makes systemd read them after the merge`,
        remedy: `write EXTENSION_RELOAD_MANAGER=1 into ${releasePath(name)}`,
      };
    }
  },
};

function reloadsManager(release: Release | undefined): boolean {
  if (/^(?:1|yes|y|true|t|on)$/i.test(release?.get('EXTENSION_RELOAD_MANAGER') ?? '')) return true;
  const units = ['EXTENSION_RESTART_UNITS', 'EXTENSION_RELOAD_OR_RESTART_UNITS'];
  return units.some(key => (release?.get(key) ?? '') !== '');
}
