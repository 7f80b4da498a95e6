import { jsonExtent } from './json-extent.ts';

/** Why a manifest that flix wrote cannot be read. */
export interface ManifestFlaw {
  readonly kind: 'no JSON' | 'wrong member' | 'newer schema';
  /** As it goes on after the path. */
  readonly message: string;
}

/** @param text none that `JSON.parse` takes */
export function noJson(text: string): ManifestFlaw {
  return { kind: 'no JSON', message: text.trim() === '' ? 'is empty' : `is no JSON: ${placeOfFault(text)}` };
}

/** @param member its path from the top: `files[3]` */
export function wrongMember(member: string): ManifestFlaw {
  return { kind: 'wrong member', message: `is damaged: ${member} is not what flix writes` };
}

export function newerSchema(schema: string): ManifestFlaw {
  return { kind: 'newer schema', message: `was made by a newer flix: its schema is ${schema}` };
}

function placeOfFault(text: string): string {
  const extent = jsonExtent(text);
  const lines = text.slice(0, extent).split('\n');
  return extent === text.length
    ? `it ends too early, in line ${lines.length}`
    : `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}
