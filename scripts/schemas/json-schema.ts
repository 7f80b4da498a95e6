/** Builders for JSON Schema, draft 2020-12. The compiler checks those with a type parameter against that type. */
export type Schema = Readonly<Record<string, unknown>>;

export const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
export const count: Schema = { type: 'integer', minimum: 0 };

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

export function one(name: string): Schema {
  return { $ref: `#/$defs/${name}` };
}

/** @param values a record, so that the compiler notices a forgotten value */
export function anyOf<T extends string>(values: Readonly<Record<T, true>>): Schema {
  return { enum: Object.keys(values) };
}

export function about(description: string, schema: Schema): Schema {
  return { ...schema, description };
}

/** Members that are optional or may be `undefined` in the type are optional in the schema, since JSON knows no `undefined`. */
export type Members<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? Optional : Schema };

export interface Optional {
  readonly optional: Schema;
}

export function optional(schema: Schema): Optional {
  return { optional: schema };
}

/** Returns the members of an object, and which of them are required. */
export function members<T>(described: Members<T>): {
  readonly properties: Schema;
  readonly required: readonly string[];
} {
  const entries = Object.entries<Schema | Optional>(described);
  return {
    properties: Object.fromEntries(
      entries.map(([name, schema]) => [name, isOptional(schema) ? schema.optional : schema]),
    ),
    required: entries.filter(([, schema]) => !isOptional(schema)).map(([name]) => name),
  };
}

function isOptional(schema: Schema | Optional): schema is Optional {
  return 'optional' in schema;
}

/** Describes an object with these members and no others. */
export function closed<T>(described: Members<T>): Schema {
  return { type: 'object', ...members<T>(described), additionalProperties: false };
}
