import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';
import { isTrue } from './boolean.ts';
import { commandsOf, waitsForMerge } from './boot-order.ts';
import type { Release } from './decision.ts';
import type { ExtensionRules, ExtensionType } from './extension-type.ts';
import { systemdSince, systemdVersion } from './systemd-version.ts';
import { unitFiles, valuesOf } from './unit-files.ts';

/**
 * Whether the merge reloads systemd's units (systemd-sysext(8)). One extension that requests it is enough for all
 * extensions of its type.
 *
 * @param extensions all extensions that are merged
 * @param host if it or its systemd version is unknown, the newest version is assumed
 */
export function mergeReloads(
  extensions: readonly { readonly release: Release | undefined; readonly rules: ExtensionRules }[],
  type: ExtensionType,
  host: View | undefined,
): boolean {
  const version = (host && systemdVersion(host)) ?? Infinity;
  return extensions.some(({ release, rules }) => {
    if (rules.type !== type) return false;
    const field = (name: string) => release?.get(name) ?? '';
    const units = field('EXTENSION_RESTART_UNITS') + field('EXTENSION_RELOAD_OR_RESTART_UNITS');
    return (
      (version >= systemdSince.reloadManager && isTrue(field('EXTENSION_RELOAD_MANAGER'))) ||
      (version >= systemdSince.restartUnits && units !== '')
    );
  });
}

/** Whether a unit of the host reloads systemd after the merge at boot, as Flatcar's ensure-sysext.service does. */
export function reloadsItself(host: View, service: string): boolean {
  return commands(host, service).some(command => /\bsystemctl\b.*\bdaemon-re(?:load|exec)\b/.test(command));
}

/** Targets that the host starts again after the merge, together with everything that they want by then. */
export function restartedTargets(host: View, services: ReadonlySet<string>): ReadonlySet<string> {
  const lines = [...services]
    .flatMap(service => commands(host, service))
    .filter(command => /\bsystemctl\b.*\b(?:re)?start\b/.test(command));
  return new Set(lines.flatMap(line => line.split(/\s+/).filter(word => word.endsWith('.target'))));
}

/** The systemctl command lines of the service that merges, and of the units that are ordered after it. */
const commands = memoised((host, service): readonly string[] =>
  unitFiles(host).flatMap(unit => {
    const ours = commandsOf(unit).filter(command => command.includes('systemctl'));
    return ours.length > 0 && (unit.name === service || waitsForMerge(host, unit.name, service)) ? ours : [];
  }),
);

/**
 * The value of a long option in the ExecStart= of the service that merges on a host. Drop-ins take precedence over the
 * unit itself. `undefined`: the option is not given.
 */
export function mergeOption(host: View, service: string, option: string): string | undefined {
  const units = unitFiles(host).filter(({ name }) => name === service);
  const inOrder = [...units.filter(({ isDropIn }) => !isDropIn), ...units.filter(({ isDropIn }) => isDropIn)];
  const pattern = new RegExp(`${option}[= ]["']?([^\\s"']+)`);
  for (const unit of inOrder.reverse())
    for (const command of valuesOf(unit, 'Service', 'ExecStart')) {
      const value = pattern.exec(command)?.[1];
      if (value !== undefined) return value;
    }
  return undefined;
}
