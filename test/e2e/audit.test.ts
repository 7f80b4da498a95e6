import fs from 'node:fs';
import { type ExecaError, execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { programs } from './programs.ts';

const at = scratch();

/** flix makes what the audit asks for, so a finding that the manifest does not name is a bug in one of the two. */
describe.runIf(has('archive'))('the audit of an extension that flix made', () => {
  it.each(programs)(
    'of $name reports on either host only what its manifest names',
    async ({ name, entry, resources }) => {
      const root = await labRoot('apps-bookworm');
      const hosts = [await labRoot('host-bookworm'), await labRoot('host-trixie')];
      await flix('vendor', root, '--quiet', '--name', name, '--out', at(name), entry, ...resources(root));
      const over = hosts.flatMap(host => ['--host', host]);
      const { stdout } = await flix('audit', at(name), ...over, '--json', '--fail-on', 'warning');
      const { findings, hosts: labels } = JSON.parse(stdout) as AuditDocument;
      expect(labels).toEqual(['debian 12', 'debian 13']);
      expect(findings.filter(({ known }) => !known)).toEqual([]);
      expect(findings.map(({ kind }) => kind)).toEqual(name === 'curl' ? ['leaks/host-helper'] : []);
    },
  );
});

describe.runIf(has('archive', 'tool:mkfs.erofs', 'tool:fsck.erofs', 'tool:openssl'))(
  'the audit of an image that flix made',
  () => {
    it('reports the findings of its tree and those of its signature', async () => {
      const root = await labRoot('apps-bookworm');
      const host = await labRoot('host-trixie');
      fs.mkdirSync(at(), { recursive: true });
      const [key, certificate] = [at('key.pem'), at('certificate.pem')];
      const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test'];
      await execa('openssl', [...request, '-keyout', key, '-out', certificate]);
      await flix('vendor', root, '--quiet', '--name', 'btop', '--out', at('btop'), '/usr/bin/btop');
      const signed = ['--format', 'ddi', '--key', key, '--certificate', certificate];
      fs.mkdirSync(at('signed'));
      await flix('pack', at('btop'), '--quiet', '-o', at('signed/btop.raw'), ...signed);
      await flix('pack', at('btop'), '--quiet', '-o', at('btop.raw'), '--format', 'erofs');
      const kinds = async (image: string) => {
        const { stdout } = await flix('audit', image, '--host', host, '--json').catch(
          (error: ExecaError<{ encoding: 'utf8' }>) => ({ stdout: error.stdout ?? '' }),
        );
        return (JSON.parse(stdout) as AuditDocument).findings.map(({ kind }) => kind);
      };
      expect(await kinds(at('btop.raw'))).toEqual([]);
      expect(await kinds(at('signed/btop.raw'))).toEqual(['trust/unknown-key', 'trust/no-policy']);
      fs.appendFileSync(at('btop/usr/bin/btop'), 'x');
      expect(await kinds(at('btop'))).toEqual(['promises/changed-file']);
    });
  },
);
