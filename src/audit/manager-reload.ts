import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';
import { commandsOf, SYSEXT, waitsForMerge } from './boot-order.ts';
import type { Merge } from './merge.ts';
import { systemdVersion } from './systemd-version.ts';
import { unitFiles } from './unit-files.ts';

/** The first releases of systemd that know of `EXTENSION_RELOAD_MANAGER=` and of lists of units (systemd-sysext(8)). */
export const RELOAD_MANAGER = 255;
const RESTART_UNITS = 261;

/** Whether systemd-sysext makes systemd read its units again. One extension that asks for it is enough for all. */
export function mergeReloads({ extensions, host }: Merge): boolean {
  const version = (host && systemdVersion(host.view)) ?? Infinity;
  return extensions.some(({ release }) => {
    const field = (name: string) => release?.get(name) ?? '';
    const units = field('EXTENSION_RESTART_UNITS') + field('EXTENSION_RELOAD_OR_RESTART_UNITS');
    return (
      (version >= RELOAD_MANAGER && /^(?:1|yes|y|true|t|on)$/i.test(field('EXTENSION_RELOAD_MANAGER'))) ||
      (version >= RESTART_UNITS && units !== '')
    );
  });
}

/** Whether a host makes it do so by itself after a merge at boot, as Flatcar's ensure-sysext.service does. */
export function reloadsItself(host: View): boolean {
  return commands(host, '/').some(command => /\bsystemctl\b.*\bdaemon-re(?:load|exec)\b/.test(command));
}

/** Units that it starts anew then, with all that they want by now. */
export function restartedUnits(host: View): ReadonlySet<string> {
  const lines = commands(host, '/').filter(command => /\bsystemctl\b.*\b(?:re)?start\b/.test(command));
  return new Set(lines.flatMap(line => line.split(/\s+/).filter(word => word.endsWith('.target'))));
}

const commands = memoised((host): readonly string[] =>
  unitFiles(host).flatMap(unit => {
    const ours = commandsOf(unit).filter(command => command.includes('systemctl'));
    return ours.length > 0 && (unit.name === SYSEXT || waitsForMerge(host, unit.name)) ? ours : [];
  }),
);
