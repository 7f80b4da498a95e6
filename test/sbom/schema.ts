import { createRequire } from 'node:module';
import path from 'node:path';
import fs from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const library = path.dirname(
  createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json'),
);

function schema(name: string): Record<string, unknown> {
  return JSON.parse(
    fs.readFileSync(path.join(library, 'res/schema', `${name}.SNAPSHOT.schema.json`), 'utf8'),
  ) as Record<string, unknown>;
}

const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
// draft 2019-09; flix writes no such values
for (const format of ['idn-email', 'iri-reference']) ajv.addFormat(format, true);
for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs'])
  ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
const validate = ajv.compile(schema('bom-1.6'));

/** What a document violates of the official schema of CycloneDX 1.6. */
export function violations(text: string): unknown[] {
  validate(JSON.parse(text));
  return validate.errors ?? [];
}

/** The members of a document that the tests read. */
export interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
  readonly pedigree?: { readonly ancestors: readonly Component[] };
  readonly components?: readonly Component[];
}

export interface Document {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
}

export function parse(text: string): Document {
  return JSON.parse(text) as Document;
}
