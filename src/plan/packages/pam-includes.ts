import type { Remark } from '../../manifest/manifest.ts';
import { parent } from '../../view/path.ts';
import { readText } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import type { StateLine } from './state.ts';

const PLACE = '/etc/pam.d';
/** pam.conf(5); `@include` is Debian's (pam_handlers.c). */
const INCLUDED =
  /^[ \t]*(?:@include|-?(?:auth|account|password|session)[ \t]+(?:include|substack))[ \t]+([\w.-]+)/gm;

/** Names what the services of the packages include from the configuration of PAM that a distribution makes for all services. */
export function pamRemarks(view: View, state: readonly StateLine[]): Remark[] {
  const files = state.flatMap(({ file }) =>
    file?.content.kind === 'copy' && parent(file.content.path) === PLACE ? [file.content.path] : [],
  );
  return files.flatMap(file => {
    const text = readText(view, file) ?? '';
    const names = [...new Set([...text.matchAll(INCLUDED)].map(([, name]) => name!))].filter(
      name => !files.includes(`${PLACE}/${name}`),
    );
    if (names.length === 0) return [];
    const message = `includes ${names.join(', ')}, which no package has: on a host without ${names.length === 1 ? 'it' : 'them'} in ${PLACE}, the service refuses logins. Such hosts need an ${file} of their own.`;
    return [{ code: 'pam-include', file, message }];
  });
}
