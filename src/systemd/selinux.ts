import { FlixError } from '../errors.ts';
import { memoised } from '../view/memo.ts';
import { parseAssignments } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { type LabelOf, readFileContexts } from './file-contexts.ts';

/** Where hosts keep their policy; ostree systems ship it in /usr/etc. */
const DIRECTORIES = ['/etc/selinux', '/usr/etc/selinux'];

/** What a host says of its SELinux policy. */
interface SelinuxConfiguration {
  readonly file: string;
  /** Whether it denies what the policy does not allow. */
  readonly enforcing: boolean;
  /** The policy's `file_contexts`; `undefined` if no SELINUXTYPE= names a policy. */
  readonly fileContexts: string | undefined;
}

/** Returns the first configuration of SELinux that a host has. */
export function selinuxOf(host: View): SelinuxConfiguration | undefined {
  const directory = DIRECTORIES.find(place => readText(host, `${place}/config`) !== undefined);
  if (directory === undefined) return undefined;
  const settings = parseAssignments(readText(host, `${directory}/config`)!);
  const type = settings.get('SELINUXTYPE');
  return {
    file: `${directory}/config`,
    enforcing: settings.get('SELINUX')?.toLowerCase() === 'enforcing',
    fileContexts: type === undefined ? undefined : `${directory}/${type}/contexts/files/file_contexts`,
  };
}

/**
 * Reads the labels that a policy assigns, from its `file_contexts` and the files beside it; `undefined` if there is none.
 * Throws `FlixError` `bad-file-contexts`.
 */
export function labelsIn(view: View, fileContexts: string): LabelOf | undefined {
  const read = (suffix: string) => readText(view, fileContexts + suffix) ?? '';
  if (read('') === '') return undefined;
  return readFileContexts([read(''), read('.homedirs'), read('.local')], [read('.subs'), read('.subs_dist')]);
}

/** Returns the labels that the policy of a host assigns; `undefined` if it has none that can be read. */
export function hostLabels(host: View): LabelOf | undefined {
  const fileContexts = selinuxOf(host)?.fileContexts;
  return fileContexts === undefined ? undefined : labelsOfHost(host, fileContexts);
}

const labelsOfHost = memoised((host, fileContexts) => {
  try {
    return labelsIn(host, fileContexts);
  } catch (error) {
    if (error instanceof FlixError) return undefined;
    throw error;
  }
});

/** Returns the type in a label, on which nearly every rule of a policy depends: `bin_t` of `system_u:object_r:bin_t:s0`. */
export function typeOf(label: string): string {
  return label.split(':')[2] ?? label;
}

/** Types of directories that every process may enter and read (files_type and friends of the reference policy). */
const READABLE = new Set([
  'bin_t',
  'cert_t',
  'etc_t',
  'fonts_t',
  'lib_t',
  'locale_t',
  'man_t',
  'modules_object_t',
  'shell_exec_t',
  'src_t',
  'systemd_unit_file_t',
  'systemd_unit_t',
  'usr_t',
]);

/** Whether confined services, too, may enter a directory of this type. */
export function isReadableByAll(type: string): boolean {
  return READABLE.has(type);
}
