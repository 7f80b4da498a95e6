import { basename } from '../../../view/path.ts';
import { ReadFailure, type View } from '../../../view/view.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface Secret extends FindingBase {
  readonly kind: 'layout/secret';
}

/** What may be a private key, by its name; whether it is one, its header tells. */
const MAY_BE_KEY = /^id_(?:rsa|dsa|ecdsa|ed25519)|_key$|\.(?:key|pem|ppk|p8)$/;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|^PuTTY-User-Key-File/;
/** Files that hold a login, by the end of their path, and how one looks in them. */
const LOGINS: readonly (readonly [path: RegExp, login: RegExp])[] = [
  [/\/\.netrc$/, /password\s+\S/],
  [/\/\.npmrc$/, /_auth(?:Token)?\s*=\s*[^\s$]/],
  [/\/\.pypirc$/, /password\s*[:=]\s*\S/],
  [/\/\.git-credentials$/, /:\/\/[^\s/]+:[^\s/]+@/],
  [/\/\.aws\/credentials$/, /aws_secret_access_key\s*=\s*\S/],
  [/\/\.docker\/config\.json$/, /"auth"\s*:\s*"[^"]+"/],
  [/\/\.kube\/config$/, /(?:token|client-key-data)\s*:\s*\S/],
  [/\/\.env$/, /(?:SECRET|TOKEN|PASSWORD)[A-Z_]*\s*=\s*\S/],
  [/\/shadow-?$/, /^[^:\n]+:\$[^:\n]+:/m],
];
/** A key and its comment, or a file of logins, is shorter. */
const MAX_BYTES = 64 * 1024;

export const secret: Check<Secret> = {
  kind: 'layout/secret',
  page: {
    title: 'A secret is in the extension',
    means:
      'A file is a private key by its header, or a well-known file of logins (.netrc, .npmrc, .docker/config.json, ' +
      'shadow …) with one in it.',
    matters:
      'An image is distributed, cached and readable by every user of every host. A key in it is no secret any more; ' +
      'one made by a package’s installation is the same on all hosts.',
    fix:
      'Leave it out, and replace the key or the password: it was in the tree already. Let a service make its own key ' +
      'in /var or /etc at its first start, or hand it over by LoadCredential=.',
  },
  *find({ merge }) {
    for (const { extension, path, kind, stat } of shownEntries(merge)) {
      if (kind !== 'file' || stat.size > MAX_BYTES) continue;
      const what = secretIn(extension.view, path);
      if (what === undefined) continue;
      yield {
        kind: 'layout/secret',
        severity: 'error',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [],
        culprit: path,
        message: `${path} holds a ${what}`,
        fix: 'leave it out and replace it; let the host make its own, or use LoadCredential=',
      };
    }
  },
};

function secretIn(view: View, path: string): string | undefined {
  const name = basename(path);
  const login = LOGINS.find(([where]) => where.test(path))?.[1];
  if (!login && !MAY_BE_KEY.test(name)) return undefined;
  const text = contentOf(view, path);
  if (login) return login.test(text) ? 'login' : undefined;
  return PRIVATE_KEY.test(text) ? 'private key' : undefined;
}

function contentOf(view: View, path: string): string {
  try {
    const file = view.open(path);
    try {
      return Buffer.from(file.read(0, file.size)).toString('latin1');
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ReadFailure) return '';
    throw error;
  }
}
