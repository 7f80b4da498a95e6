import { namesIn, parseSettings } from '../../systemd/unit-files.ts';
import { basename } from '../../view/path.ts';
import type { Staging } from '../staging.ts';
import type { ScriptCommand } from './script-commands.ts';

const UNIT = /^[\w@.:\\-]+\.[a-z]+$/;

/**
 * The units that packages enable with `deb-systemd-helper` at their first installation. Answers its commands as it would
 * (deb-systemd-helper of init-system-helpers), so that the lines of debhelper that only concern upgrades are not followed.
 */
export class Units {
  /** Those that the helper keeps a record of, as `actionOf` names them. */
  readonly #recorded = new Set<string>();
  readonly #enabled = new Set<string>();

  /** Returns whether a command succeeds; `undefined`: it is not one of the helper, or names no unit that is known. */
  run(command: ScriptCommand): boolean | undefined {
    const [action, key] = actionOf(command) ?? [];
    if (key === undefined) return undefined;
    switch (action) {
      case 'debian-installed':
        return this.#recorded.has(key);
      case 'was-enabled':
        return !this.#recorded.has(key) || this.#enabled.has(key);
      case 'enable':
        this.#enabled.add(key);
        this.#recorded.add(key);
        return true;
      case 'update-state':
        this.#recorded.add(key);
        return true;
      case 'disable':
        this.#enabled.delete(key);
        return true;
      default:
        return undefined;
    }
  }

  /** Makes the links of the units that are enabled in the end. Returns the number of these units. */
  link(staging: Staging): number {
    return [...this.#enabled].filter(key => {
      const [instance, unit] = key.split('/');
      return enable(staging, instance!, unit!);
    }).length;
  }
}

/** Returns the action of a command of the helper, and its unit after `system/` or `user/`; `undefined`: none, or no plain names. */
function actionOf({ program, args }: ScriptCommand): [string, string] | undefined {
  if (program !== 'deb-systemd-helper') return undefined;
  const [action, unit, ...others] = args.filter(word => !word?.startsWith('-'));
  const isOne = action !== undefined && unit !== undefined && UNIT.test(unit) && others.length === 0;
  return isOne ? [action, `${args.includes('--user') ? 'user' : 'system'}/${unit}`] : undefined;
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
