import { verify, X509Certificate } from 'node:crypto';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const SIGNED_DATA = hex('06 09 2a864886f70d010702');
const DATA = hex('30 0b 06 09 2a864886f70d010701');
const VERSION_1 = hex('02 01 01');
/** Hash algorithms, with and without the optional NULL (RFC 5754). */
const HASHES: readonly (readonly [name: string, der: Buffer])[] = [
  ['sha256', hex('30 0d 06 09 608648016503040201 0500')],
  ['sha256', hex('30 0b 06 09 608648016503040201')],
  ['sha384', hex('30 0d 06 09 608648016503040202 0500')],
  ['sha512', hex('30 0d 06 09 608648016503040203 0500')],
];
const SIGNATURES: readonly Buffer[] = [
  hex('30 0d 06 09 2a864886f70d010101 0500'), // rsaEncryption
  hex('30 0a 06 08 2a8648ce3d040302'), // ecdsa-with-SHA256
];

/** The signature of a root hash. systemd writes and accepts PKCS#7 without attributes that contains the certificate. */
export interface DetachedSignature {
  /** DER. */
  readonly certificate: Buffer;
  /** Returns whether the key of the certificate in the signature signed this content. */
  signs(content: Buffer): boolean;
}

/**
 * Reads a detached PKCS#7 signature in the form that `openssl smime -sign -binary -noattr` and systemd-repart write. Every
 * byte of that form is fixed or covered by a digest. Returns `undefined` for any other form.
 */
export function readSignature(der: Buffer): DetachedSignature | undefined {
  const [content, ...behind] = derElements(der) ?? [];
  const [type, holder] = exactly(2, derChildren(content, TAG.sequence));
  if (behind.length > 0 || !type?.whole.equals(SIGNED_DATA)) return undefined;
  const [signedData] = exactly(1, derChildren(holder, TAG.context0));
  const [version, hashes, data, certificates, signers] = exactly(5, derChildren(signedData, TAG.sequence));
  if (!version?.whole.equals(VERSION_1) || !data?.whole.equals(DATA)) return undefined;
  const [certificate] = exactly(1, derChildren(certificates, TAG.context0));
  const [hash] = exactly(1, derChildren(hashes, TAG.set));
  const [signer] = exactly(1, derChildren(signers, TAG.set));
  const [signerVersion, issuer, signerHash, method, signature] = exactly(
    5,
    derChildren(signer, TAG.sequence),
  );
  const algorithm = HASHES.find(([, known]) => hash?.whole.equals(known));
  if (!certificate || !hash || !algorithm || !method || !signature) return undefined;
  if (!signerVersion?.whole.equals(VERSION_1) || !signerHash?.whole.equals(hash.whole)) return undefined;
  if (!SIGNATURES.some(known => known.equals(method.whole)) || signature.tag !== TAG.octets) return undefined;
  if (issuer?.tag !== TAG.sequence || !issuer.content.equals(issuerOf(certificate))) return undefined;
  const x509 = parseCertificate(certificate.whole);
  return (
    x509 && {
      certificate: certificate.whole,
      signs: text => verifies(algorithm[0], text, x509, signature.content),
    }
  );
}

/** Returns issuer and serial number, which identify a signer (RFC 2315, 6.7). */
function issuerOf(certificate: Der): Buffer {
  const [body] = derChildren(certificate, TAG.sequence);
  const fields = derChildren(body, TAG.sequence);
  const [serial, , issuer] = fields[0]?.tag === TAG.context0 ? fields.slice(1) : fields;
  return Buffer.concat([issuer?.whole ?? Buffer.alloc(0), serial?.whole ?? Buffer.alloc(0)]);
}

function parseCertificate(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** Verifies a signature. OpenSSL throws if the key cannot be read or is of an unsuitable kind. */
function verifies(hash: string, text: Buffer, certificate: X509Certificate, signature: Buffer): boolean {
  try {
    return verify(hash, text, certificate.publicKey, signature);
  } catch {
    return false;
  }
}

function exactly(count: number, elements: readonly Der[]): readonly Der[] {
  return elements.length === count ? elements : [];
}

/** An element of DER (X.690): its tag, its content and all its bytes. */
interface Der {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const TAG = { integer: 0x02, octets: 0x04, sequence: 0x30, set: 0x31, context0: 0xa0 } as const;

/** Splits a buffer into its elements; `undefined` if it does not consist of whole elements. */
function derElements(bytes: Buffer): Der[] | undefined {
  const elements: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    if (!element) return undefined;
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** Returns the elements of a sequence or set; empty if the element has another tag. */
function derChildren(element: Der | undefined, tag: number): readonly Der[] {
  return element?.tag === tag ? (derElements(element.content) ?? []) : [];
}

function elementAt(bytes: Buffer, at: number): Der | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (count > 4 || first === 0x80 || at + 2 + count > bytes.length) return undefined;
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count);
  // DER allows only the shortest form of a length
  if (count > 0 && length < (count === 1 ? 0x80 : 2 ** (8 * (count - 1)))) return undefined;
  const start = at + 2 + count;
  if (start + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}
