import type { ManifestNeed } from '../manifest/manifest.ts';
import { printable } from '../printable.ts';
import { evidenceText } from './needs.ts';
import type { Style } from './style.ts';

/** Why a tree has a file, or what needs a file of a root that no loader loads. */
export interface FileAnswer {
  readonly path: string;
  /** As the manifest says; `undefined`: the file is not in a tree that flix made. */
  readonly why: string | undefined;
  readonly needs: readonly ManifestNeed[];
}

export function fileText({ path, why, needs }: FileAnswer, { strong }: Style): string {
  const lines = needs.map(({ what, who, evidence: { kind, text, line }, strength, place }) => {
    const evidence = { kind, file: who, text, ...(line !== undefined && { line }) };
    const redirected = place === undefined ? '' : `; ${what} is redirected to ${place}`;
    return `  ${strength}: ${printable(`${evidenceText(evidence)}${redirected}`)}`;
  });
  const nothing =
    why === undefined && needs.length === 0 ? ['  nothing shows that these programs need it'] : [];
  return `${[strong(printable(path)), ...(why === undefined ? [] : [`  ${printable(why)}`]), ...lines, ...nothing].join('\n')}\n`;
}

/** The document of `flix why --json` for such a file. */
export function fileDocument({ path, why, needs }: FileAnswer) {
  return { schema: 'flix.why-file/1', asked: path, why: why ?? null, needs };
}
