import { createHash, X509Certificate } from 'node:crypto';
import { follow } from '../view/follow.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** Where systemd looks for certificates of signers (systemd-dissect(1)). */
const PLACES = ['/etc/verity.d', '/usr/local/lib/verity.d', '/usr/lib/verity.d'];

/** SHA-256 of each certificate that a host trusts for images, hexadecimal. */
export function trustedKeys(host: View): Set<string> {
  const keys = new Set<string>();
  for (const place of PLACES) {
    const real = follow(host, place).path;
    for (const name of real === undefined ? [] : host.list(real).keys()) {
      const content = name.endsWith('.crt') ? readBytes(host, `${real}/${name}`) : undefined;
      const certificate = content && parse(Buffer.from(content));
      if (certificate) keys.add(createHash('sha256').update(certificate.raw).digest('hex'));
    }
  }
  return keys;
}

function parse(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content);
  } catch {
    return undefined;
  }
}
