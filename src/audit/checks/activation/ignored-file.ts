import { basename, parent } from '../../../view/path.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface IgnoredFile extends FindingBase {
  readonly kind: 'activation/ignored-file';
}

/** Directories of which only files with certain endings are read. */
const READ: readonly (readonly [directory: RegExp, endings: readonly string[]])[] = [
  [/\/systemd\/(?:system|user)\/[^/]+\.d$/, ['.conf']],
  [/\/systemd\/[a-z-]+\.conf\.d$/, ['.conf']],
  [/\/systemd\/network\/[^/]+\.d$/, ['.conf']],
  [/\/systemd\/(?:system|user)-preset$/, ['.preset']],
  [/\/systemd\/network$/, ['.network', '.netdev', '.link', '.example']],
  [
    /\/(?:lib|etc)\/(?:tmpfiles|sysusers|sysctl|modules-load|binfmt|environment|modprobe|repart)\.d$/,
    ['.conf'],
  ],
  [/\/udev\/rules\.d$/, ['.rules']],
  [/\/udev\/hwdb\.d$/, ['.hwdb']],
  [/\/dbus-1\/(?:system|session)\.d$/, ['.conf']],
  [/\/dbus-1\/(?:system-)?services$/, ['.service']],
  [/\/polkit-1\/rules\.d$/, ['.rules']],
  [/\/polkit-1\/actions$/, ['.policy']],
];

export const ignoredFile: Check<IgnoredFile> = {
  kind: 'activation/ignored-file',
  page: {
    title: 'A configuration file has an ending that nobody reads',
    means:
      'The file lies in a directory of drop-ins, rules or presets, and its name does not end as it has to: .conf for ' +
      'drop-ins of units, tmpfiles, sysusers and sysctl, .rules for udev and polkit, .preset for presets.',
    matters: 'It is passed over without a message: the setting is in the image and has no effect.',
    fix: 'Give it the right ending.',
  },
  *find({ merge }) {
    for (const { extension, path, kind } of shownEntries(merge)) {
      if (kind === 'directory' || basename(path).startsWith('README')) continue;
      const endings = READ.find(([directory]) => directory.test(parent(path)))?.[1];
      if (!endings || endings.some(ending => path.endsWith(ending))) continue;
      yield {
        kind: 'activation/ignored-file',
        severity: 'warning',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [],
        culprit: path,
        message: `${path} is not read: files of this directory have to end in ${endings[0]}`,
        fix: `rename it to ${path}${endings[0]}`,
      };
    }
  },
};
