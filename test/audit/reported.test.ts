import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { buildFixture } from '../lab/fixture.ts';
import { findLoader } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';
import { listByLoader } from '../lab/loader-listing.ts';
import { reports } from './reports.ts';
import { auditOf, brief, type Files, host, hostLoader, openLoader, removeRoots } from './world.ts';

afterAll(removeRoots);
const at = scratch();

type Extensions = Readonly<Record<string, Files>>;

/**
 * Returns what this machine's loader says about a program in a root made of the host and the extensions, the last on
 * top.
 */
async function toldOf(program: string, over: Files, extensions: Extensions): Promise<string> {
  const merged = Object.entries(
    Object.assign({}, host(undefined, over), ...Object.values(extensions)) as Files,
  );
  const isLoader = (file: Files[string]) => file === hostLoader || file === openLoader;
  const files = Object.fromEntries(merged.filter(([, file]) => !isLoader(file)));
  const root = at('merged');
  fs.mkdirSync(root, { recursive: true });
  buildFixture(root, { rule: '', source: '', files });
  for (const [name] of merged.filter(([, file]) => isLoader(file))) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.copyFileSync(findLoader('glibc')!, path.join(root, name));
    fs.chmodSync(path.join(root, name), 0o755);
  }
  const { missing, complaint } = await listByLoader(root, { rule: '', source: '', files, entry: program });
  fs.rmSync(root, { recursive: true });
  return [...missing.map(name => `${name} is missing`), complaint].join('\n').trim();
}

describe.each(reports)('$name', ({ extensions, over, found, fixed, told }) => {
  const audited = (stack: Extensions) =>
    auditOf({ extensions: stack, hosts: { debian: host(undefined, over) } }).findings;

  it('is found, with its culprit and its fix', () => {
    const findings = audited(extensions);
    for (const [kind, { culprit, fix }] of Object.entries(found)) {
      const finding = findings.find(one => one.kind === kind && one.culprit === culprit);
      expect(finding, `${kind} ${culprit}`).toBeDefined();
      expect(finding!.fix).toMatch(fix);
    }
  });

  it('is not found once it is fixed, and neither is anything else', () => {
    const findings = audited(fixed);
    expect(findings.filter(({ kind }) => kind in found)).toEqual([]);
    expect(brief(findings).filter(line => !line.startsWith('info'))).toEqual([]);
  });

  if (!told) return;
  it.runIf(has('chroot', 'loader:glibc'))('makes the loader complain, until it is fixed', async () => {
    const { program, says } = told;
    expect(await toldOf(program, over, extensions)).toMatch(says);
    expect(await toldOf(program, over, fixed)).toBe('');
  });
});
