import { isTrue } from '../systemd/boolean.ts';
import { memoised } from '../view/memo.ts';
import type { ExtensionType } from '../systemd/extension-type.ts';
import type { View } from '../view/view.ts';
import { commandsOf, waitsForMerge } from '../systemd/boot-order.ts';
import type { Merge } from './merge.ts';
import { systemdVersion } from '../systemd/systemd-version.ts';
import { unitFiles } from '../systemd/unit-files.ts';

/** The first releases of systemd that know of `EXTENSION_RELOAD_MANAGER=` and of lists of units (systemd-sysext(8)). */
export const RELOAD_MANAGER = 255;
const RESTART_UNITS = 261;

/** Whether the merge makes systemd read its units again. One extension that asks for it is enough for all of its type. */
export function mergeReloads({ extensions, host }: Merge, type: ExtensionType): boolean {
  const version = (host && systemdVersion(host.view)) ?? Infinity;
  return extensions.some(({ release, rules }) => {
    if (rules.type !== type) return false;
    const field = (name: string) => release?.get(name) ?? '';
    const units = field('EXTENSION_RESTART_UNITS') + field('EXTENSION_RELOAD_OR_RESTART_UNITS');
    return (
      (version >= RELOAD_MANAGER && isTrue(field('EXTENSION_RELOAD_MANAGER'))) ||
      (version >= RESTART_UNITS && units !== '')
    );
  });
}

/** Whether a host makes it do so by itself after a merge at boot, as Flatcar's ensure-sysext.service does. */
export function reloadsItself(host: View, service: string): boolean {
  return commands(host, service).some(command => /\bsystemctl\b.*\bdaemon-re(?:load|exec)\b/.test(command));
}

/** Units that it starts anew then, with all that they want by now. */
export function restartedUnits(host: View, services: ReadonlySet<string>): ReadonlySet<string> {
  const lines = [...services]
    .flatMap(service => commands(host, service))
    .filter(command => /\bsystemctl\b.*\b(?:re)?start\b/.test(command));
  return new Set(lines.flatMap(line => line.split(/\s+/).filter(word => word.endsWith('.target'))));
}

/** Command lines of systemctl after the service. */
const commands = memoised((host, service): readonly string[] =>
  unitFiles(host).flatMap(unit => {
    const ours = commandsOf(unit).filter(command => command.includes('systemctl'));
    return ours.length > 0 && (unit.name === service || waitsForMerge(host, unit.name, service)) ? ours : [];
  }),
);
