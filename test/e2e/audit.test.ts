import { describe, expect, it } from 'vitest';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { programs } from './programs.ts';

const at = scratch();

/** What flix makes is what the audit asks for: a finding that the manifest does not name is a false one, or a true bug. */
describe.runIf(has('archive'))('an extension that flix made', () => {
  it.each(programs)(
    'of $name has no finding on either host but what its manifest names',
    { timeout: 300_000 },
    async ({ name, entry, resources }) => {
      const root = await labRoot('apps-bookworm');
      const hosts = [await labRoot('host-bookworm'), await labRoot('host-trixie')];
      await flix('vendor', root, '--quiet', '--name', name, '--out', at(name), entry, ...resources(root));
      const over = hosts.flatMap(host => ['--host', host]);
      const { stdout } = await flix('audit', at(name), ...over, '--json', '--fail-on', 'warning');
      const { findings, hosts: labels } = JSON.parse(stdout) as AuditDocument;
      expect(labels).toEqual(['debian 12', 'debian 13']);
      expect(findings.filter(({ known }) => !known)).toEqual([]);
      // its libc is the extension's, and its converters are the host's: the manifest says so
      expect(findings.map(({ kind }) => kind)).toEqual(['leaks/host-modules']);
    },
  );
});
