import type { HeadLine, ProfileLine } from './format.ts';

/** Validates the lines of a profile, which may come from anywhere. */

type Shape = (value: unknown) => boolean;

const text: Shape = value => typeof value === 'string';
const number: Shape = value => typeof value === 'number';
const size: Shape = value => Number.isInteger(value) && (value as number) >= 0;
const flag: Shape = value => typeof value === 'boolean';
const optional =
  (shape: Shape): Shape =>
  value =>
    value === undefined || shape(value);
const nullable =
  (shape: Shape): Shape =>
  value =>
    value === null || shape(value);
const list =
  (shape: Shape): Shape =>
  value =>
    Array.isArray(value) && value.every(shape);
const tuple =
  (...shapes: readonly Shape[]): Shape =>
  value =>
    Array.isArray(value) && value.length <= shapes.length && shapes.every((shape, at) => shape(value[at]));
const record =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  value =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shapes).every(([key, shape]) => shape((value as Readonly<Record<string, unknown>>)[key]));

const directory = record({
  directory: text,
  mode: number,
  owner: optional(tuple(number, number)),
  mounted: optional(flag),
  directories: list(text),
  links: list(tuple(text, text)),
  files: list(tuple(text, number, number, nullable(text), optional(text))),
  others: list(text),
  whiteouts: list(text),
});

const symbols = record({
  references: list(
    record({ version: optional(text), file: optional(text), copy: optional(flag), names: list(number) }),
  ),
  definitions: nullable(list(record({ version: optional(text), plain: flag, any: flag, hashes: text }))),
});

const need = record({ file: text, versions: list(record({ name: text, weak: flag })) });

const elf = record({
  elf: text,
  package: optional(tuple(text, text)),
  header: record({
    class: value => value === 32 || value === 64,
    endian: value => value === 'little' || value === 'big',
    osabi: number,
    abiVersion: number,
    padded: flag,
    current: flag,
    type: number,
    machine: number,
    flags: number,
  }),
  loads: list(tuple(size, size, size, size, size, size)),
  executableStack: optional(flag),
  interpreter: optional(text),
  dynamic: optional(
    record({
      needed: list(record({ tag: text, name: text })),
      soname: optional(text),
      rpath: optional(text),
      runpath: optional(text),
      flags1: number,
      relr: flag,
    }),
  ),
  versions: optional(record({ needs: list(need), defines: optional(list(text)) })),
  symbols: optional(symbols),
});

const lines = [
  directory,
  record({ content: text, text }),
  record({ content: text, base64: text }),
  record({ names: list(text) }),
  elf,
  record({ torn: text, code: text, offset: number, message: text }),
];

export function isHead(value: unknown): value is HeadLine {
  return record({ schema: text, label: text })(value);
}

export function isLine(value: unknown): value is ProfileLine {
  return lines.some(shape => shape(value));
}
