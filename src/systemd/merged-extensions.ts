import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { extensionRules, type ExtensionType } from './extension-type.ts';

/** Where systemd lists the extensions that it has merged, in each hierarchy (src/sysext/sysext.c, write_extensions_file). */
const LISTS: Readonly<Record<ExtensionType, string>> = {
  sysext: '.systemd-sysext/extensions',
  confext: '.systemd-confext/confexts',
};

/** Returns the names of the extensions of a type that a running host has merged, so that its files include theirs. */
export function mergedExtensions(host: View, type: ExtensionType): ReadonlySet<string> {
  const lists = extensionRules[type].hierarchies.map(top => readText(host, `/${top}/${LISTS[type]}`) ?? '');
  return new Set(lists.flatMap(list => list.split('\n').filter(Boolean)));
}
