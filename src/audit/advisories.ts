import { PackageURL } from 'packageurl-js';
import { FlixError } from '../errors.ts';
import type { Database } from '../packages/package.ts';
import { compareVersions } from '../packages/version-order.ts';

/** A package that advisories may concern. */
export interface SuspectPackage {
  readonly type: Database['type'];
  readonly name: string;
  readonly version: string;
  /** The source package: advisories of Debian and Ubuntu name it. */
  readonly source: string;
  readonly sourceVersion: string;
}

export interface Advisory {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly affected: readonly Affected[];
}

interface Affected {
  readonly type: Database['type'];
  /** The name of a binary or source package. */
  readonly name: string;
  /** The release of the distribution, such as `12`; `undefined`: all. */
  readonly release: string | undefined;
  readonly includes: (version: string) => boolean;
  /** The versions that fix it. */
  readonly fixed: readonly string[];
}

/** An advisory that concerns a package. */
export interface AdvisoryMatch {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** The first fixed version that the advisory names. */
  readonly fixed: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads advisories in the format of OSV (https://ossf.github.io/osv-schema/: one record, a list, or the answer of a query)
 * or the vulnerabilities of a CycloneDX document (1.4 or newer). Throws `FlixError` `bad-vex`.
 *
 * @param file its name, for messages
 */
export function readAdvisories(content: string, file: string): Advisory[] {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (error) {
    throw bad(file, (error as Error).message);
  }
  if (isObject(document) && document['bomFormat'] === 'CycloneDX') return cycloneDx(document);
  const records = Array.isArray(document)
    ? document
    : isObject(document)
      ? (document['vulns'] ?? (isEmpty(document) ? [] : [document]))
      : undefined;
  if (
    !Array.isArray(records) ||
    !records.every(record => isObject(record) && typeof record['id'] === 'string')
  )
    throw bad(file, 'the document is neither OSV nor CycloneDX');
  return (records as Json[]).filter(record => record['withdrawn'] === undefined).map(osv);
}

/** Whether a document is `{}`, which OSV answers if no advisory concerns the package. */
function isEmpty(document: Json): boolean {
  return Object.keys(document).length === 0;
}

function bad(file: string, why: string): FlixError {
  return new FlixError(
    'input',
    'bad-vex',
    `${file}: ${why}`,
    'Give a JSON file in the format of OSV, or a CycloneDX document with vulnerabilities.',
  );
}

/** The type of packages, and so the order of versions, for each ecosystem of OSV, without its release. */
const ECOSYSTEMS: Readonly<Record<string, Database['type']>> = {
  Debian: 'deb',
  Ubuntu: 'deb',
  Alpine: 'apk',
  Wolfi: 'apk',
  Chainguard: 'apk',
  AlmaLinux: 'rpm',
  'Rocky Linux': 'rpm',
  'Red Hat': 'rpm',
  SUSE: 'rpm',
  openSUSE: 'rpm',
  openEuler: 'rpm',
  Mageia: 'rpm',
};

function osv(record: Json): Advisory {
  return {
    ...described(record),
    affected: objects(record['affected']).flatMap((affected): Affected[] => {
      const owner = isObject(affected['package']) ? affected['package'] : {};
      const [ecosystem = '', release] = text(owner['ecosystem']).split(':');
      const type = Object.hasOwn(ECOSYSTEMS, ecosystem) ? ECOSYSTEMS[ecosystem] : undefined;
      const name = text(owner['name']);
      if (type === undefined || name === '') return [];
      const versions = new Set(strings(affected['versions']));
      const ranges = objects(affected['ranges'])
        .filter(range => range['type'] === 'ECOSYSTEM')
        .map(range => objects(range['events']));
      return [
        {
          type,
          name,
          release: release?.replace(/^v(?=\d)/, ''),
          includes: version => versions.has(version) || ranges.some(events => isIn(type, version, events)),
          fixed: ranges.flat().flatMap(({ fixed }) => (typeof fixed === 'string' ? [fixed] : [])),
        },
      ];
    }),
  };
}

/** Evaluates the events of a range (OSV schema, “Evaluation”). */
function isIn(type: Database['type'], version: string, events: readonly Json[]): boolean {
  const order = (other: string) => (other === '0' ? 1 : compareVersions(type, version, other));
  const sorted = events
    .flatMap(event => Object.entries(event).map(([what, at]) => ({ what, at: text(at) })))
    .sort((a, b) => (a.at === '0' ? -1 : b.at === '0' ? 1 : compareVersions(type, a.at, b.at)));
  let isVulnerable = false;
  for (const { what, at } of sorted) {
    if (what === 'introduced' && order(at) >= 0) isVulnerable = true;
    if (what === 'fixed' && order(at) >= 0) isVulnerable = false;
    if (what === 'last_affected' && order(at) > 0) isVulnerable = false;
  }
  return isVulnerable;
}

/** The states of an analysis that make a vulnerability harmless (CycloneDX, impactAnalysisState). */
const HARMLESS = new Set(['not_affected', 'false_positive', 'resolved', 'resolved_with_pedigree']);

function cycloneDx(document: Json): Advisory[] {
  const urls = new Map<string, string>();
  const todo = objects(document['components']);
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    urls.set(text(next['bom-ref']), text(next['purl']));
    todo.push(...objects(next['components']));
  }
  return objects(document['vulnerabilities']).flatMap((found): Advisory[] => {
    const analysis = isObject(found['analysis']) ? found['analysis'] : {};
    if (HARMLESS.has(text(analysis['state']))) return [];
    const affected = objects(found['affects']).flatMap(item => affectedComponent(item, urls));
    return [{ ...described({ ...found, summary: found['description'] }), affected }];
  });
}

function affectedComponent(item: Json, urls: ReadonlyMap<string, string>): Affected[] {
  // a BOM-Link names a component of another document after the #
  const ref = text(item['ref']).replace(/^urn:cdx:[^#]*#/, '');
  const url = urls.get(ref) ?? (ref.startsWith('pkg:') ? ref : decoded(ref));
  let parsed: PackageURL;
  try {
    parsed = PackageURL.fromString(url);
  } catch {
    return []; // the component is no package
  }
  const { type, name, version } = parsed;
  if (type !== 'deb' && type !== 'rpm' && type !== 'apk' && type !== 'alpm') return [];
  const versions = objects(item['versions']).filter(({ status = 'affected' }) => status === 'affected');
  const isNamed = (other: string) =>
    item['versions'] === undefined
      ? !version || version === other
      : versions.some(entry =>
          typeof entry['range'] === 'string'
            ? isInVers(type, other, entry['range'])
            : entry['version'] === other,
        );
  return [{ type, name, release: undefined, includes: isNamed, fixed: [] }];
}

/** Decodes percent signs, unless they encode nothing. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Evaluates `vers:deb/>=1.0|<2.0` (the version range specification of package URLs). */
function isInVers(type: Database['type'], version: string, range: string): boolean {
  const constraints = range
    .replace(/^vers:[^/]*\//, '')
    .split('|')
    .map(part => {
      const [, comparator = '', at = ''] = /^(<=|>=|!=|<|>|=)?(.*)$/s.exec(part.trim())!;
      return { comparator, order: compareVersions(type, version, decoded(at)), at };
    });
  if (constraints.some(({ at }) => at === '*')) return true;
  const same = constraints.find(({ comparator, order }) => order === 0 && /^(?:|=|!=)$/.test(comparator));
  if (same) return same.comparator !== '!=';
  const bounds = constraints.filter(({ comparator }) => /[<>]/.test(comparator));
  const isSatisfied = ({ comparator, order }: (typeof bounds)[number]) =>
    comparator.startsWith('<')
      ? order < 0 || (order === 0 && comparator === '<=')
      : order > 0 || (order === 0 && comparator === '>=');
  return bounds.some((bound, i) => {
    if (!isSatisfied(bound)) return false;
    if (bound.comparator.startsWith('<'))
      return i === 0 || bounds[i - 1]!.comparator.startsWith('<') || isSatisfied(bounds[i - 1]!);
    const next = bounds[i + 1];
    return next === undefined || next.comparator.startsWith('>') || isSatisfied(next);
  });
}

/** Returns the advisories that concern a package. @param release of the distribution; `undefined`: unknown */
export function advisoriesFor(
  advisories: readonly Advisory[],
  suspect: SuspectPackage,
  release: string | undefined,
): AdvisoryMatch[] {
  return advisories.flatMap(({ id, aliases, summary, affected }): AdvisoryMatch[] => {
    const hits = affected.filter(
      ({ type, name, release: other, includes }) =>
        type === suspect.type &&
        (other === undefined || release === other || release?.startsWith(`${other}.`)) &&
        ((name === suspect.source && includes(suspect.sourceVersion)) ||
          (name === suspect.name && includes(suspect.version))),
    );
    if (hits.length === 0) return [];
    const later = hits
      .flatMap(({ fixed }) => fixed)
      .filter(version => compareVersions(suspect.type, version, suspect.sourceVersion) > 0)
      .sort((a, b) => compareVersions(suspect.type, a, b));
    return [{ id, aliases, summary, fixed: later[0] }];
  });
}

/** The length to which summaries are cut, in characters. */
const MAX_SUMMARY = 200;

function described(record: Json): Pick<Advisory, 'id' | 'aliases' | 'summary'> {
  const summary = text(record['summary']) || text(record['details']);
  return {
    id: text(record['id']),
    aliases: strings(record['aliases']),
    summary: summary.split('\n')[0]!.slice(0, MAX_SUMMARY),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
