import { basename } from '../../../view/path.ts';
import { ReadFailure, type View } from '../../../view/view.ts';
import { defineEntryCheck } from '../../check.ts';

/** Names of files that may be private keys. Their header decides. */
const MAY_BE_KEY = /^id_(?:rsa|dsa|ecdsa|ed25519)|_key$|\.(?:key|pem|ppk|p8)$/;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|^PuTTY-User-Key-File/;
/** Credentials files by the end of their path, and what a password or token looks like in each. */
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
/** Keys and credentials files are smaller than this. */
const MAX_BYTES = 64 * 1024;

export const secret = defineEntryCheck(
  'layout/secret',
  {
    title: 'The extension contains a secret',
    means:
      'A file has the header of a private key, or is a well-known credentials file (.netrc, .npmrc, ' +
      '.docker/config.json, shadow …) that contains a password or token.',
    matters:
      'An image is distributed, cached, and readable by every user of every host, so a key in it is no longer secret. ' +
      'A key that a package generated on installation is the same on all hosts.',
    fix:
      'Leave the file out, and replace the key or password, because it was already in the tree. Let a service generate ' +
      'its own key in /var or /etc when it first starts, or pass it with LoadCredential=.',
  },
  ({ extension, path, kind, stat }) => {
    if (kind !== 'file' || stat.size > MAX_BYTES) return undefined;
    const what = secretIn(extension.view, path);
    if (what === undefined) return undefined;
    return {
      severity: 'error',
      message: `${path} contains a ${what}`,
      fix: 'Leave it out and replace the secret; let the host create its own, or use LoadCredential=.',
    };
  },
);

function secretIn(view: View, path: string): string | undefined {
  const name = basename(path);
  const login = LOGINS.find(([where]) => where.test(path))?.[1];
  if (!login && !MAY_BE_KEY.test(name)) return undefined;
  const text = contentOf(view, path);
  if (login) return login.test(text) ? 'password or token' : undefined;
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
