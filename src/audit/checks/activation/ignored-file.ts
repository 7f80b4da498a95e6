import { basename, parent } from '../../../view/path.ts';
import { defineEntryCheck } from '../../check.ts';

/** Directories whose readers skip files without one of these endings. */
const ENDINGS: readonly (readonly [directory: RegExp, endings: readonly string[]])[] = [
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

export const ignoredFile = defineEntryCheck(
  'activation/ignored-file',
  {
    title: 'A configuration file has an ending that nothing reads',
    means:
      'The file is in a directory of drop-ins, rules or presets, but its name does not have the required ending: .conf ' +
      'for drop-ins of units, tmpfiles, sysusers and sysctl, .rules for udev and polkit, .preset for presets.',
    matters: 'The file is skipped without a message: the setting is in the image but has no effect.',
    fix: 'Rename the file so that it has the right ending.',
  },
  ({ path, kind }) => {
    if (kind === 'directory' || basename(path).startsWith('README')) return undefined;
    const endings = ENDINGS.find(([directory]) => directory.test(parent(path)))?.[1];
    if (!endings || endings.some(ending => path.endsWith(ending))) return undefined;
    return {
      message: `${path} is not read: file names in this directory must end in ${endings[0]}`,
      fix: `Rename it to “${path}${endings[0]}”.`,
    };
  },
);
