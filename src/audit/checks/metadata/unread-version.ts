import { defineCheck } from '../../check.ts';

export const unreadVersion = defineCheck(
  'metadata/unread-version',
  {
    title: 'A version is stated but never compared',
    means:
      'The release file has ID=_any together with VERSION_ID= or SYSEXT_LEVEL= (CONFEXT_LEVEL=). With ID=_any ' +
      'systemd accepts the extension on every host and ignores both.',
    matters:
      'The author believes that the extension is bound to a release, but it is merged on all of them. Besides, ' +
      'VERSION_ID= is not the version of the extension: it refers to the version of the host.',
    fix:
      'Remove the line, or write the ID= of the host if the extension is meant for that host only. The version of ' +
      'an extension belongs in its file name.',
  },
  function* ({ merge: { extensions } }) {
    for (const extension of extensions) {
      const { release, releaseFile, rules } = extension;
      if (release?.get('ID') !== '_any') continue;
      for (const key of ['VERSION_ID', rules.levelKey]) {
        const value = release.get(key);
        if (!value) continue;
        yield {
          extension,
          subject: releaseFile,
          culprit: key,
          message: `${key}=${value} is never compared, because ID=_any matches every host`,
          fix: `Remove ${key}=, or write the ID= of the host for which the extension is meant.`,
        };
      }
    }
  },
);
