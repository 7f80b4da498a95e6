import { type Manifest, MANIFEST_SCHEMA } from './manifest.ts';
import { normalise } from '../view/path.ts';
import type { Form } from '../wrap/wrapping.ts';
import { jsonExtent } from './json-extent.ts';

/** A manifest, or why a text that flix wrote cannot be read as one, with the prefix as far as it could be read. */
export type ManifestText =
  | { readonly manifest: Manifest }
  | { readonly flaw: ManifestFlaw; readonly prefix: string | undefined };

const [FAMILY, VERSION] = MANIFEST_SCHEMA.split('/') as [string, string];
const SCHEMA_MEMBER = new RegExp(`"schema"\\s*:\\s*"${FAMILY.replace('.', '\\.')}/`);
const PREFIX_MEMBER = /"prefix"\s*:\s*"([^"\\]*)"/;

/** Tells whether a text, damaged or not, names the schema of manifests. */
export function claimsToBeManifest(text: string): boolean {
  return SCHEMA_MEMBER.test(text);
}

/**
 * Reads a text as a manifest; `undefined` if it is JSON of another program. A manifest may have been edited by hand, so
 * this checks every member that later runs, the audit or verification rely on: their code need not check again.
 */
export function readManifest(text: string): ManifestText | undefined {
  const value = parsed(text);
  if (value === undefined) return { flaw: noJson(text), prefix: PREFIX_MEMBER.exec(text)?.[1] };
  if (!isRecord(value)) return undefined;
  const { schema, prefix } = value;
  if (typeof schema !== 'string' || !schema.startsWith(`${FAMILY}/`)) return undefined;
  const flaw = isNewer(schema) ? newerSchema(schema) : flawOf(value);
  if (!flaw) return { manifest: value as unknown as Manifest };
  return { flaw, prefix: typeof prefix === 'string' ? prefix : undefined };
}

/** Returns `undefined` for a text that is not JSON: no JSON text has that value. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNewer(schema: string): boolean {
  const version = schema.slice(FAMILY.length + 1);
  return /^[1-9][0-9]{0,8}$/.test(version) && Number(version) > Number(VERSION);
}

function flawOf(value: Record<string, unknown>): ManifestFlaw | undefined {
  if (value['schema'] !== MANIFEST_SCHEMA) return wrongMember('schema');
  if (!isPath(value['prefix'])) return wrongMember('prefix');
  return (
    flawIn('files', value['files'], isFile) ??
    flawIn('remarks', value['remarks'], isRemark) ??
    (typeof value['name'] === 'string' ? undefined : wrongMember('name')) ??
    flawIn('entries', value['entries'], isPath) ??
    flawIn('open', value['open'], item => hasStrings(item, ['through', 'admits', 'file'])) ??
    (value['sbom'] === undefined || isPath(value['sbom']) ? undefined : wrongMember('sbom')) ??
    (value['needs'] === undefined ? undefined : flawIn('needs', value['needs'], isNeed)) ??
    flawOfMode(value)
  );
}

function isRemark(value: unknown): boolean {
  if (!isRecord(value) || !hasStrings(value, ['code', 'file', 'message'])) return false;
  const { disabled } = value;
  return (
    disabled === undefined || (Array.isArray(disabled) && disabled.every(unit => typeof unit === 'string'))
  );
}

function isNeed(value: unknown): boolean {
  return (
    hasStrings(value, ['what', 'who', 'strength', 'verdict']) &&
    hasStrings((value as Record<string, unknown>)['evidence'], ['kind', 'text'])
  );
}

const FORMS: readonly unknown[] = ['overmount', 'chroot'] satisfies Form[];

function flawOfMode({ mode, view, host }: Record<string, unknown>): ManifestFlaw | undefined {
  if (mode === 'flix') return undefined;
  if (mode === 'host-bound') return flawOfHost(host);
  if (mode !== 'flatwrap') return wrongMember('mode');
  if (!isRecord(view)) return wrongMember('view');
  const isMount = (item: unknown) => isRecord(item) && isPath(item['from']) && isPath(item['to']);
  return (
    flawIn('view.needs', view['needs'], item => hasStrings(item, ['program'])) ??
    flawIn('view.mounts', view['mounts'], isMount) ??
    (FORMS.includes(view['form']) ? undefined : wrongMember('view.form'))
  );
}

function flawOfHost(host: unknown): ManifestFlaw | undefined {
  if (!isRecord(host) || typeof host['claim'] !== 'string') return wrongMember('host');
  const isText = (item: unknown) => typeof item === 'string';
  return (
    (![undefined, 'one release', 'all'].includes(host['perHost'] as string | undefined)
      ? wrongMember('host.perHost')
      : undefined) ??
    flawIn('host.hosts', host['hosts'], isText) ??
    flawIn('host.interpreters', host['interpreters'], isPath) ??
    flawIn('host.libraries', host['libraries'], isHostLibrary) ??
    flawIn('host.files', host['files'], isPath) ??
    flawIn('host.choices', host['choices'], item => hasStrings(item, ['name', 'from', 'because']))
  );
}

function isHostLibrary(value: unknown): boolean {
  if (!isRecord(value) || !hasStrings(value, ['name', 'neededBy'])) return false;
  const { paths, versions, symbols, package: owner } = value;
  if (owner !== undefined && !hasStrings(owner, ['name', 'version'])) return false;
  const areTexts = [versions, symbols].every(
    list => Array.isArray(list) && list.every(item => typeof item === 'string'),
  );
  return areTexts && Array.isArray(paths) && paths.every(isPath);
}

function flawIn(name: string, list: unknown, isRight: (item: unknown) => boolean): ManifestFlaw | undefined {
  if (!Array.isArray(list)) return wrongMember(name);
  const wrong = list.findIndex(item => !isRight(item));
  return wrong < 0 ? undefined : wrongMember(`${name}[${wrong}]`);
}

function isFile(value: unknown): boolean {
  if (!isRecord(value) || !isPath(value['path'])) return false;
  const { link, origin, sha256, edits } = value;
  return (
    (link === undefined || typeof link === 'string') &&
    (origin === undefined || isRecord(origin)) &&
    (sha256 === undefined || (isRecord(sha256) && typeof sha256['after'] === 'string')) &&
    (edits === undefined || (Array.isArray(edits) && edits.every(isEdit)))
  );
}

/** A path that leads out of its root (`/../etc`) would make readers look at files of the machine they run on. */
function isPath(value: unknown): value is string {
  return typeof value === 'string' && normalise(value) === value;
}

function hasStrings(value: unknown, keys: readonly string[]): boolean {
  return isRecord(value) && keys.every(key => typeof value[key] === 'string');
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

/** Why a manifest that flix wrote cannot be read. */
export interface ManifestFlaw {
  readonly kind: 'no JSON' | 'wrong member' | 'newer schema';
  /** A predicate that follows the path of the manifest: `is empty`. */
  readonly message: string;
}

/** @param text a text that `JSON.parse` rejects */
function noJson(text: string): ManifestFlaw {
  return { kind: 'no JSON', message: text.trim() === '' ? 'is empty' : `is not JSON: ${placeOfFault(text)}` };
}

/** @param member its path from the top: `files[3]` */
function wrongMember(member: string): ManifestFlaw {
  return { kind: 'wrong member', message: `is damaged: ${member} is not what flix writes` };
}

function newerSchema(schema: string): ManifestFlaw {
  return { kind: 'newer schema', message: `was made by a newer flix: its schema is ${schema}` };
}

function placeOfFault(text: string): string {
  const extent = jsonExtent(text);
  const lines = text.slice(0, extent).split('\n');
  return extent === text.length
    ? `it ends too early, in line ${lines.length}`
    : `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}
