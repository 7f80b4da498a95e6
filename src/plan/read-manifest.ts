import { MANIFEST_SCHEMA, type Manifest } from './manifest.ts';

/** A manifest that flix wrote; `undefined` for any other text. What a later run relies on is checked, no more. */
export function readManifest(text: string): Manifest | undefined {
  if (!text.includes(MANIFEST_SCHEMA)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isManifest(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    value['schema'] === MANIFEST_SCHEMA &&
    typeof value['prefix'] === 'string' &&
    Array.isArray(value['files']) &&
    value['files'].every(isFile) &&
    Array.isArray(value['remarks']) &&
    value['remarks'].every(isRemark)
  );
}

function isFile(value: unknown): boolean {
  if (!isRecord(value) || typeof value['path'] !== 'string') return false;
  const { origin, edits } = value;
  return (
    (origin === undefined || isRecord(origin)) &&
    (edits === undefined || (Array.isArray(edits) && edits.every(isEdit)))
  );
}

function isRemark(value: unknown): boolean {
  return isRecord(value) && ['code', 'file', 'message'].every(key => typeof value[key] === 'string');
}

function isEdit(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value['by'] === 'patchelf') return true;
  const { offset, before, after } = value;
  return (
    Number.isSafeInteger(offset) &&
    (offset as number) >= 0 &&
    [before, after].every(hex => typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/.test(hex))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
