import { mergedHierarchies } from '../../../systemd/extension-type.ts';
import { startFaults } from '../../../systemd/start-faults.ts';
import { mergedBoot } from '../../../systemd/merged-boot.ts';
import { pulledUnits } from '../../../systemd/pulls.ts';
import { maskOf, type UnitFile, unitFiles, wholeUnit } from '../../../systemd/unit-files.ts';
import { layeredView } from '../../../view/layers.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import type { Severity } from '../../finding.ts';
import type { Host, Merge } from '../../merge.ts';

export const cannotStart = defineCheck(
  'activation/cannot-start',
  {
    title: 'A unit cannot start',
    means:
      'A unit of the extension needs something that does not exist when systemd starts it after the merge: the ' +
      'program of an Exec line, an EnvironmentFile= or LoadCredential=, a directory of RootDirectory=, ' +
      'WorkingDirectory=, BindPaths= or ReadWritePaths=, a unit that it requires or activates, or a path that a ' +
      'condition or an assertion asks for. Neither the host nor an extension has it, and neither tmpfiles.d nor a ' +
      'unit that runs earlier creates it. (Packages often create such files when they are installed, but nobody ' +
      'installs a package here.) With a condition, systemd skips the unit without a failure. A unit that the host ' +
      'masks does not start either.',
    matters:
      'The service does not run, and everything that requires it fails as well. “systemctl status” shows 203/EXEC ' +
      'for a program, 226/NAMESPACE for a directory, 243/CREDENTIALS for a credential, and “resources” for an ' +
      'environment file.',
    fix:
      'Ship the program or file in the extension. For a file in /etc, ship a template in /usr/share/factory and a line ' +
      '“C /etc/PATH” in usr/lib/tmpfiles.d/NAME.conf, or put “-” before the path so that the file is optional ' +
      '(EnvironmentFile=-/etc/default/NAME). For a directory, use StateDirectory=, RuntimeDirectory= or a tmpfiles.d ' +
      'line.',
  },
  ({ merge }) => gathered(find(merge)),
);

function* find(merge: Merge): Generator<Observation> {
  const { extensions, host, view, extensionOf } = merge;
  if (!host || extensions.every(extension => unitFiles(extension.view).length === 0)) return;
  const boot = mergedBoot(withStagedRoots(merge, host), host.view, extensions);
  const pulled = pulledUnits(view, '/');
  for (const extension of extensions)
    for (const name of unitsOf(extension, pulled)) {
      const unit = wholeUnit(view, name);
      if (!unit) continue;
      const isWanted = boot.isStarted(name) || pulled.has(name);
      const mask = maskOf(view, name);
      const own = unitFiles(extension.view).find(file => file.name === name && !file.isDropIn);
      if (mask !== undefined && own && extensionOf(mask) !== extension)
        yield {
          severity: severityOf(isWanted, false),
          extension,
          subject: own.path,
          culprit: mask,
          message: `${name} does not start: ${mask} masks it`,
          fix: `On the host: systemctl unmask ${name}`,
        };
      if (mask !== undefined) continue;
      for (const fault of startFaults(unit, boot.rootFor(unit))) {
        const file = fileWith(merge, name, fault);
        if (!file || extensionOf(file.path) !== extension) continue;
        const { key, value, culprit, because, effect, isSkipped } = fault;
        const setting = `${key}=${value}`;
        const which = setting.endsWith(`=${culprit}`) || culprit === setting ? 'which' : `and ${culprit}`;
        yield {
          severity: severityOf(isWanted, isSkipped),
          extension,
          subject: file.path,
          culprit,
          message: `${name} ${effect}: ${file.path} sets ${setting}, ${which} ${because}`,
          fix: fixFor(key, culprit, extension.name),
        };
      }
    }
}

/** The merged view with the roots in which wrapped programs run, which other checks look at apart. */
function withStagedRoots({ extensions, stack, view }: Merge, host: Host): View {
  if (!extensions.some(({ wrapped }) => wrapped)) return view;
  const layers = stack.map(({ tree, rules }) => mergedHierarchies(tree, rules.hierarchies));
  return layeredView([...layers, host.view], view.label);
}

/** The units of an extension, with the instances of its templates that are started. */
function unitsOf({ view }: Extension, pulled: ReadonlySet<string>): Set<string> {
  const names = unitFiles(view).map(({ name }) => name);
  const instances = [...pulled].filter(name => names.includes(name.replace(/@.+\./, '@.')));
  const templates = new Set(instances.map(name => name.replace(/@.+\./, '@.')));
  return new Set([...names.filter(name => !templates.has(name)), ...instances]);
}

/** A unit that nothing starts fails only when somebody starts it by hand. */
function severityOf(isWanted: boolean, isSkipped: boolean): Severity {
  if (isSkipped) return isWanted ? 'warning' : 'info';
  return isWanted ? 'error' : 'warning';
}

/** The file that contains a setting: of several, the last, which takes effect. */
function fileWith(
  { view }: Merge,
  name: string,
  { key, value }: { readonly key: string; readonly value: string },
): UnitFile | undefined {
  const names = new Set([name, name.replace(/@.+\./, '@.')]);
  const files = unitFiles(view).filter(file => names.has(file.name));
  const having = files.filter(({ settings }) =>
    settings.some(setting => setting.key === key && setting.value.includes(value)),
  );
  return having.at(-1) ?? files.find(({ isDropIn }) => !isDropIn);
}

function fixFor(key: string, culprit: string, name: string): string {
  if (/^(?:Condition|Assert)/.test(key))
    return `Create ${culprit} before the unit starts, or remove the ${key}=.`;
  if (/^(?:Requires|BindsTo|Requisite|Service|Unit)$/.test(key))
    return `Ship ${culprit} in the extension, or remove the dependency.`;
  if (key === 'ExecStart' && !culprit.includes('/') && culprit.endsWith('='))
    return 'Give the service an ExecStart=.';
  if (key.startsWith('Exec')) return `Ship ${culprit} in the extension, or correct the path.`;
  if (key.startsWith('Listen')) return `Choose a path below /run.`;
  if (/^(?:EnvironmentFile|LoadCredential)/.test(key)) {
    const optional = key === 'EnvironmentFile' ? `, or make it optional: “EnvironmentFile=-${culprit}”` : '';
    return culprit.startsWith('/usr/')
      ? `Ship ${culprit} in the extension${optional}.`
      : `Ship it as /usr/share/factory${culprit} with “C ${culprit}” in /usr/lib/tmpfiles.d/${name}.conf${optional}.`;
  }
  const own = /^\/var\/lib\/([^/]+)$/.exec(culprit)?.[1];
  return own === undefined
    ? `Create it with “d ${culprit}” in /usr/lib/tmpfiles.d/${name}.conf, or put “-” before the path.`
    : `Let systemd create it: “StateDirectory=${own}”.`;
}
