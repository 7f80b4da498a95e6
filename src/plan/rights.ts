import type { Remark } from '../manifest/manifest.ts';
import type { PlacedClosure } from './closures.ts';
import type { PlannedFile } from './plan.ts';

const SETUID_OR_SETGID = 0o6000;

/**
 * Reports programs that log users in but lose the rights for it: they are setuid or setgid in the root, and load PAM, whose
 * modules read passwords that only root may read.
 */
export function loginRemarks(files: readonly PlannedFile[], closures: readonly PlacedClosure[]): Remark[] {
  const usesPam = new Set(
    closures
      .filter(({ closure }) => closure.objects.some(({ facts }) => facts.dynamic?.soname === 'libpam.so.0'))
      .map(({ closure }) => closure.entry.real),
  );
  return files.flatMap(({ target, content }) =>
    content.kind === 'copy' &&
    usesPam.has(content.path) &&
    (content.view.stat(content.path).mode & SETUID_OR_SETGID) !== 0
      ? [
          {
            code: 'login-without-rights',
            file: target,
            message:
              'logs users in with PAM, and loses its setuid or setgid bit in an image: logins fail unless root starts it. Let a ' +
              'unit start it as root, or use that of the host.',
          },
        ]
      : [],
  );
}
