import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { publishBytes } from '../io/publish.ts';
import { type Manifest, manifestPath, type Remark } from '../manifest/manifest.ts';
import type { Proof } from '../prove/prove.ts';
import { directoryView, kindAt } from '../view/directory.ts';
import { readText } from '../view/text.ts';

const SCHEMA = 'flix.proof/1';

/** What a run proved and noticed that depends on the machine, and so may not be in the manifest. */
interface ProofInput {
  readonly manifest: Manifest;
  /** The manifest as it is in the tree. */
  readonly manifestText: string;
  readonly proof: Proof;
  readonly remarks: readonly Remark[];
  /** `not read`: getcap is not installed. */
  readonly capabilities: 'read' | 'not read';
}

/** The content of `NAME.proof.json`; `docs/manifest.md` describes its members. */
export type ProofDocument = ReturnType<typeof proofDocument>;

export function proofDocument({ manifest, manifestText, proof, remarks, capabilities }: ProofInput) {
  const { files, resolved, listed, loader, notRun, under } = proof;
  return {
    schema: SCHEMA,
    flix: manifest.flix,
    name: manifest.name,
    manifest: {
      path: manifestPath(manifest),
      sha256: createHash('sha256').update(manifestText).digest('hex'),
    },
    files,
    resolved,
    listed,
    loader,
    notRun: notRun ?? null,
    under: under ?? null,
    capabilities,
    remarks,
  };
}

/** Writes `NAME.proof.json` into a directory of this machine, over that of an earlier run. Throws `FlixError` `io-…`. */
export async function publishProof(
  document: ProofDocument,
  directory: string,
  progress: Progress,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(document, undefined, 1)}\n`);
  await publishBytes(join(directory, proofName(document.name)), bytes, progress, { wait: true });
}

/** Refuses to replace a file that flix did not write. Throws `FlixError` `not-ours`. */
export function checkProofPlace(directory: string, name: string, force: boolean): void {
  const place = join(directory, proofName(name));
  const kind = kindAt(place);
  if (force || kind === undefined) return;
  const text = kind === 'file' ? readText(directoryView(directory), `/${proofName(name)}`) : undefined;
  if (text?.includes(`"schema": "${SCHEMA}"`)) return;
  throw new FlixError(
    'input',
    'not-ours',
    `${place} exists, and flix did not make it; the proof of the tree goes there`,
    'Name another place with --out, or replace the file with --force.',
  );
}

export function proofName(name: string): string {
  return `${name}.proof.json`;
}
