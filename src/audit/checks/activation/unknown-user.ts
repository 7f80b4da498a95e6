import { accountsOf } from '../../../systemd/accounts.ts';
import { isOn, namesIn, unitFiles, valuesOf, wholeUnit } from '../../../systemd/unit-files.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import type { Merge } from '../../merge.ts';

export const unknownUser = defineCheck(
  'activation/unknown-user',
  {
    title: 'A service runs as a user that does not exist',
    means:
      'A unit of the extension sets User=, Group= or SupplementaryGroups= to a name or number that the host does ' +
      'not know, and no sysusers.d file of the host or of an extension creates it. Packages create such accounts ' +
      'when they are installed, but nobody installs a package here.',
    matters: 'The service fails with status 217/USER or 216/GROUP.',
    fix:
      'Ship usr/lib/sysusers.d/NAME.conf with “u NAME -”, and make sure that systemd-sysusers runs after the ' +
      'merge. Or let systemd create a user while the service runs: DynamicUser=yes.',
  },
  ({ merge }) => gathered(find(merge)),
);

function* find({ extensions, host, view }: Merge): Generator<Observation> {
  if (!host) return;
  const { users, groups } = accountsOf(view);
  const accounts = [
    ['User', users],
    ['Group', groups],
    ['SupplementaryGroups', groups],
  ] as const;
  for (const extension of extensions)
    for (const file of unitFiles(extension.view)) {
      // a drop-in from anywhere may override it
      const unit = wholeUnit(view, file.name)!;
      if (isOn(unit, 'Service', 'DynamicUser', false)) continue;
      for (const [key, known] of accounts) {
        const holds =
          key === 'SupplementaryGroups'
            ? namesIn(unit, 'Service', key)
            : valuesOf(unit, 'Service', key).slice(-1);
        for (const name of namesIn(file, 'Service', key)) {
          // the value of a specifier is unknown here
          if (known.has(name) || name.includes('%') || !holds.includes(name)) continue;
          const [type, id] = [key === 'User' ? 'u' : 'g', /^\d+$/.test(name) ? `NAME ${name}` : `${name} -`];
          yield {
            severity: 'error',
            extension,
            subject: file.path,
            culprit: name,
            message: `${file.path} sets ${key}=${name}, but nothing creates that account`,
            fix: `Ship /usr/lib/sysusers.d/${extension.name}.conf with “${type} ${id}”, or use DynamicUser=yes.`,
          };
        }
      }
    }
}
