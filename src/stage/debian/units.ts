import { namesIn, parseSettings } from '../../systemd/unit-files.ts';
import { basename } from '../../view/path.ts';
import type { Staging } from '../staging.ts';
import type { ScriptCommand } from './script-commands.ts';

const UNIT = /^[\w@.:\\-]+\.[a-z]+$/;

/**
 * Makes the links with which `deb-systemd-helper enable UNIT` starts units at the first installation of their package
 * (deb-systemd-helper of init-system-helpers, get_link_closure). Debhelper puts `deb-systemd-helper debian-installed UNIT`
 * before an “enable” that only counts for upgrades (`dh_installsystemd --no-enable`). Returns the number of units.
 */
export function enableUnits(
  staging: Staging,
  commands: readonly ScriptCommand[],
  done: Set<ScriptCommand>,
): number {
  const forUpgrades = new Set<string>();
  const enabled = new Set<string>();
  for (const command of commands) {
    const [action, unit] = actionOf(command) ?? [];
    if (unit === undefined) continue;
    const instance = command.args.includes('--user') ? 'user' : 'system';
    const key = `${command.owner} ${instance} ${unit}`;
    if (action === 'debian-installed') forUpgrades.add(key);
    if (action !== 'enable') continue;
    done.add(command);
    if (!forUpgrades.delete(key) && enable(staging, instance, unit)) enabled.add(key);
  }
  return enabled.size;
}

/** Returns the action and the unit of a command; `undefined`: another program, or no plain names. */
function actionOf({ program, args }: ScriptCommand): [string, string] | undefined {
  if (program !== 'deb-systemd-helper') return undefined;
  const [action, unit, ...others] = args.filter(word => !word?.startsWith('-'));
  const isOne = action !== undefined && unit !== undefined && UNIT.test(unit) && others.length === 0;
  return isOne ? [action, unit] : undefined;
}

/** Makes the links of the section `[Install]` of a unit, and of the units in its `Also=`. Returns whether the unit exists. */
function enable(staging: Staging, instance: string, name: string, seen = new Set<string>()): boolean {
  const places = [`/etc/systemd/${instance}`, `/lib/systemd/${instance}`, `/usr/lib/systemd/${instance}`];
  const file = places.map(place => `${place}/${name}`).find(each => staging.readFile(each) !== undefined);
  if (file === undefined) return false;
  seen.add(name);
  const unit = { settings: parseSettings(staging.readFile(file)!.toString('utf8')) };
  const names = (setting: string) => namesIn(unit, 'Install', setting).filter(word => UNIT.test(word));
  const [ownName = name] = namesIn(unit, 'Install', 'DefaultInstance').map(word =>
    name.replace('@.', `@${word}.`),
  );
  const link = (to: string) => void staging.addLink(`/etc/systemd/${instance}/${to}`, file);
  for (const target of names('WantedBy')) link(`${target}.wants/${ownName}`);
  for (const target of names('RequiredBy')) link(`${target}.requires/${ownName}`);
  for (const alias of names('Alias')) if (alias !== basename(file)) link(alias);
  for (const also of names('Also')) if (!seen.has(also)) enable(staging, instance, also, seen);
  return true;
}
