import { accountsOf } from '../../accounts.ts';
import { type Check, gathered } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { namesIn, unitFiles, valuesOf } from '../../unit-files.ts';

export interface UnknownUser extends FindingBase {
  readonly kind: 'activation/unknown-user';
}

export const unknownUser: Check<UnknownUser> = {
  kind: 'activation/unknown-user',
  page: {
    title: 'A service runs as a user who does not exist',
    means:
      'A unit of the extension has User=, Group= or SupplementaryGroups= with a name that the host does not know, and ' +
      'for which no sysusers.d file of host or extensions makes an account. Packages make it when they are installed, ' +
      'which nobody does here.',
    matters: 'The service fails with status 217/USER or 216/GROUP.',
    mend:
      'Bring usr/lib/sysusers.d/NAME.conf with “u NAME -”, and see to it that systemd-sysusers runs after the merge; ' +
      'or let systemd make a user for the time of the service: DynamicUser=yes.',
  },
  find: ({ merge }) => gathered(find(merge)),
};

function* find({ extensions, host, view }: Merge): Generator<UnknownUser> {
  if (!host) return;
  const { users, groups } = accountsOf(view);
  for (const extension of extensions)
    for (const unit of unitFiles(extension.view)) {
      if (valuesOf(unit, 'Service', 'DynamicUser').some(value => /^(?:1|yes|y|true|t|on)$/i.test(value)))
        continue;
      const named = [
        ...lacking('User', users),
        ...lacking('Group', groups),
        ...lacking('SupplementaryGroups', groups),
      ];
      for (const { key, name } of named)
        yield {
          kind: 'activation/unknown-user',
          severity: 'error',
          extension: extension.name,
          subject: unit.path,
          alsoIn: [],
          chain: [],
          culprit: name,
          message: `${unit.path} has ${key}=${name}, and nobody makes that account`,
          remedy: `bring /usr/lib/sysusers.d/${extension.name}.conf with “${key === 'User' ? 'u' : 'g'} ${name} -”, or use DynamicUser=yes`,
        };

      function lacking(key: string, known: ReadonlySet<string>) {
        // a number needs no account, and a specifier stands for what is not known here
        const names = namesIn(unit, 'Service', key).filter(name => !/^\d+$|%/.test(name));
        return names.filter(name => !known.has(name)).map(name => ({ key, name }));
      }
    }
}
