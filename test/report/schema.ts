import fs from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** A schema of docs/. */
export function schemaOf(name: string): object {
  return JSON.parse(fs.readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')) as object;
}

/** Errors of a document: `/findings/0 must have …`; none: it is valid. */
export function errorsBy(schema: object): (document: unknown) => string[] {
  const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema);
  return document => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}
