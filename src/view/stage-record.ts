import { normalise } from './path.ts';

/** Where “flix stage” writes its record, in the root that it makes. */
export const STAGE_RECORD = '/.flix-stage.json';
export const STAGE_SCHEMA = 'flix.stage/1';

/** What the files of a staged root do not show. */
export interface StageRecord {
  readonly schema: typeof STAGE_SCHEMA;
  /** `debian:bookworm`, `oci:TAG`: without any path of the machine on which the root was staged. */
  readonly source: string;
  /** Identifies the content of the source. */
  readonly digest: string;
  readonly packages?: readonly StagedPackage[];
  /** By path: what a file has in the source, but not on this machine. */
  readonly facts: Readonly<Record<string, StagedFacts>>;
}

/** A package file that was unpacked. */
export interface StagedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
}

export interface StagedFacts {
  /** In octal, with setuid, setgid and sticky. */
  readonly mode?: string;
  /** Default: 0. */
  readonly uid?: number;
  readonly gid?: number;
  /** The value of security.capability, in hexadecimal. */
  readonly capability?: string;
}

/** Parses a record; `undefined`: it is malformed. A root is untrusted, so every member is checked. */
export function parseStageRecord(text: string): StageRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['schema'] !== STAGE_SCHEMA) return undefined;
  const { source, digest, packages = [], facts } = value;
  const isRight =
    typeof source === 'string' &&
    typeof digest === 'string' &&
    Array.isArray(packages) &&
    packages.every(isPackage) &&
    isObject(facts) &&
    Object.entries(facts).every(([path, item]) => normalise(path) === path && isFacts(item));
  return isRight ? (value as unknown as StageRecord) : undefined;
}

function isPackage(value: unknown): boolean {
  return (
    isObject(value) &&
    ['name', 'version', 'architecture', 'sha256'].every(key => typeof value[key] === 'string')
  );
}

function isFacts(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { mode, uid, gid, capability } = value;
  const isId = (id: unknown) => id === undefined || (Number.isSafeInteger(id) && (id as number) >= 0);
  return (
    (mode === undefined || (typeof mode === 'string' && /^[0-7]{1,4}$/.test(mode))) &&
    isId(uid) &&
    isId(gid) &&
    (capability === undefined || (typeof capability === 'string' && /^[0-9a-f]*$/.test(capability)))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
