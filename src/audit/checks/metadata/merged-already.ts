import { mergedExtensions } from '../../../systemd/merged-extensions.ts';
import { defineCheck } from '../../check.ts';

export const mergedAlready = defineCheck(
  'metadata/merged-already',
  {
    title: 'The host has merged the extension already',
    means:
      'The root is that of a running host on which systemd has merged extensions (it lists them in ' +
      '/usr/.systemd-sysext/extensions). Their files count as those of the host, and what they hide cannot be seen.',
    matters:
      'The audit cannot tell what the extension shadows on this host. With --next, findings that compare the extension ' +
      'with files of the host are infos, because nobody knows whether they are new with the update.',
    fix:
      'For an exact answer, audit over a profile that was made while nothing was merged: systemd-sysext unmerge, flix ' +
      'host snapshot --root / -o PROFILE, systemd-sysext merge. Or use the image of the host’s release.',
  },
  function* ({ merge: { extensions, host } }) {
    if (!host) return;
    for (const extension of extensions) {
      const { name, rules } = extension;
      const merged = mergedExtensions(host.view, rules.type);
      const isFirst = extensions.find(other => other.rules.type === rules.type) === extension;
      const audited = new Set(extensions.map(other => other.name));
      const others = isFirst ? [...merged].filter(other => !audited.has(other)) : [];
      const names = merged.has(name) ? [name, ...others] : others;
      if (names.length === 0) continue;
      yield {
        severity: 'info',
        extension,
        subject: '/',
        culprit: names.join(', '),
        message: `the host has merged ${names.join(', ')} already: what ${names.length === 1 ? 'it hides' : 'they hide'} of the host cannot be seen`,
        fix: `For an exact answer, run “${rules.command} unmerge”, make a profile with “flix host snapshot --root / -o PROFILE”, merge again, and audit with --host PROFILE.`,
      };
    }
  },
);
