import type { Audit, AuditFinding } from '../../src/audit/audit.ts';

const extensions = [
  { name: 'app', type: 'sysext', claim: 'self-contained', programs: 3, objects: 42 },
] as const;

export const auditOf = (findings: readonly AuditFinding[], hosts = ['debian 13']): Audit => ({
  extensions,
  hosts,
  findings,
});

export const leak = (library: string, more: Partial<AuditFinding> = {}): AuditFinding =>
  ({
    kind: 'leaks/host-library',
    severity: 'error',
    extension: 'app',
    extensionType: 'sysext',
    subject: '/usr/bin/app',
    alsoIn: [],
    chain: [
      {
        name: '/usr/bin/app',
        path: '/usr/bin/app',
        provider: { kind: 'extension', name: 'app', type: 'sysext' },
        origin: null,
      },
      { name: library, path: `/usr/lib/${library}`, provider: { kind: 'host' }, origin: { kind: 'cache' } },
    ],
    culprit: `/usr/lib/${library}`,
    provider: { kind: 'host' },
    message: `/usr/lib/${library} is loaded from the host`,
    fix: 'bring it',
    hosts: ['debian 13'],
    known: false,
    ...more,
  }) as AuditFinding;

/** Names that an attacker might choose. */
export const hostile = {
  script: '<script>document.title="run"</script>',
  image: '"><img src=x onerror=document.title="run">',
  cell: 'a|b`c`\n| d | @team #1 [x](https://example.org) **bold** www.example.org </details>',
} as const;
