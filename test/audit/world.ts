import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Audit, audit, type AuditFinding, type AuditOptions } from '../../src/audit/audit.ts';
import { promisesIn } from '../../src/audit/promises.ts';
import { wrappedIn } from '../../src/audit/wrapped.ts';
import { expect } from 'vitest';
import { auditSchema } from '../../scripts/schemas/audit.ts';
import { auditDocument } from '../../src/report/findings-json.ts';
import { directoryView } from '../../src/view/directory.ts';
import { ownAsRoot } from '../../src/view/owners.ts';
import type { View } from '../../src/view/view.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { buildFixture, type FileRecipe } from '../lab/fixture.ts';
import { errorsBy } from '../report/schema.ts';
import { expectProfileHolds, profileOf, recordingView } from './recording-view.ts';

export type Files = Readonly<Record<string, FileRecipe>>;

/** The files of extensions, by name, and of hosts, by label. */
export interface World {
  readonly extensions: Readonly<Record<string, Files>>;
  readonly hosts?: Readonly<Record<string, Files>>;
}

export const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';
export const PRIVATE = '/usr/local/app/lib';
export const PRIVATE_LOADER = `${PRIVATE}/ld-linux-x86-64.so.2`;
export const LIB = '/usr/lib/x86_64-linux-gnu';

const VARIABLES = 'LIBRARY_PATH\0PRELOAD\0AUDIT\0';

function loader(directories: readonly string[], data: string): ElfRecipe {
  const list = directories.map(directory => `${directory}\0`).join('');
  const version = 'ld.so (GNU libc) stable release version 2.41.\n\0';
  return { soname: 'ld-linux-x86-64.so.2', data: `${version}${list}\0${list}\0${data}` };
}

/** Like Debian's: it reads the host's cache and preload file, and honours the variables. */
export const hostLoader = loader(
  [`${LIB}/`, '/usr/lib/'],
  `/etc/ld.so.cache\0/etc/ld.so.preload\0${VARIABLES}`,
);
/** A loader with a private directory that is otherwise unsealed. */
export const openLoader = loader(
  [`${PRIVATE}/`, '/dev/null/---/'],
  `/etc/ld.so.cache\0/etc/ld.so.preload\0${VARIABLES}`,
);

export const program = (recipe: ElfRecipe = {}): ElfRecipe => ({
  interp: INTERPRETER,
  needed: ['libc.so.6'],
  ...recipe,
});
export const library = (soname: string, recipe: ElfRecipe = {}): ElfRecipe => ({ soname, ...recipe });

/** A host with a loader, and a libc that defines GLIBC_2.36. */
export function host(release = 'ID=debian\nVERSION_ID=13\n', files: Files = {}): Files {
  return {
    '/lib64': { link: 'usr/lib64' },
    '/lib': { link: 'usr/lib' },
    '/usr/lib64/ld-linux-x86-64.so.2': hostLoader,
    '/usr/lib/os-release': { text: release },
    [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.2.5', 'GLIBC_2.36'] }),
    '/usr/bin/sh': program(),
    ...files,
  };
}

/** Adds a release file to the files of an extension. */
export function extension(name: string, files: Files, release = 'ID=_any\n'): Files {
  return { [`/usr/lib/extension-release.d/extension-release.${name}`]: { text: release }, ...files };
}

const schemaErrors = errorsBy(auditSchema());
const places = new Map<string, string>();

/** Writes files below a directory of this name. Equal calls return the same directory. */
export function root(name: string, files: Files): string {
  const key = JSON.stringify([name, files]);
  let place = places.get(key);
  if (place === undefined) {
    place = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'flix-audit-')), name);
    fs.mkdirSync(place);
    buildFixture(place, { rule: '', source: '', files });
    places.set(key, place);
  }
  return place;
}

/** The view of a tree that the command audits. */
export function treeView(directory: string, label: string): View {
  return ownAsRoot(directoryView(directory, { label }), process.getuid!());
}

export function removeRoots(): void {
  for (const place of places.values()) fs.rmSync(path.dirname(place), { recursive: true, force: true });
  places.clear();
}

export function auditOf({ extensions, hosts = {} }: World, options?: AuditOptions): Audit {
  const trees = Object.entries(extensions).map(([name, files]) => {
    const view = treeView(root(name, files), name);
    return { name, view, wrapped: wrappedIn(view), promises: promisesIn(view) };
  });
  const views = Object.entries(hosts).map(([label, files]) =>
    ownAsRoot(directoryView(root(label, files), { label }), process.getuid!()),
  );
  const found = audit(trees, views, options);
  // an audit over a profile must give the same result, and a profile must contain everything that a check reads
  const profiles = views.map(profileOf);
  expect(audit(trees, profiles, options)).toEqual(found);
  const recordings = views.map(recordingView);
  expect(
    audit(
      trees,
      recordings.map(({ view }) => view),
      options,
    ),
  ).toEqual(found);
  for (const [index, recording] of recordings.entries())
    expectProfileHolds(profiles[index]!, views[index]!, recording);
  expect(schemaErrors(JSON.parse(JSON.stringify(auditDocument(found))))).toEqual([]);
  return found;
}

/** Kinds that follow from other findings, or from the loader that most of these extensions have. */
const CONSEQUENCES = new Set(['leaks/open-variables', 'metadata/over-claim']);

/** Returns `severity kind culprit` of each finding; without `all`, consequences are left out. */
export function brief(findings: readonly AuditFinding[], all = false): string[] {
  return findings
    .filter(({ kind }) => all || !CONSEQUENCES.has(kind))
    .map(({ severity, kind, culprit }) => `${severity} ${kind} ${culprit}`);
}

/** Returns the same for one kind. */
export function briefOf(findings: readonly AuditFinding[], kind: string): string[] {
  return brief(
    findings.filter(finding => finding.kind === kind),
    true,
  );
}
