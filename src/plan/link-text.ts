import { FlixError } from '../errors.ts';
import type { View } from '../view/view.ts';

/** Node gives it as text: what is no UTF-8 comes out with U+FFFD, and a link with that leads elsewhere. */
export function linkText(view: View, path: string): string {
  const to = view.readlink(path);
  if (!to.includes('\uFFFD')) return to;
  throw new FlixError(
    'input',
    'name-not-utf8',
    `${path} of ${view.label} is a link to a name that is not valid UTF-8`,
    'Rename what it leads to, or remove the link.',
  );
}
