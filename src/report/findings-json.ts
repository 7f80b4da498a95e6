import type { Audit, AuditedExtension, AuditFinding } from '../audit/audit.ts';

export const AUDIT_SCHEMA = 'flix.audit/1';

export interface AuditDocument {
  readonly schema: typeof AUDIT_SCHEMA;
  /** Labels; empty: no host was given. */
  readonly hosts: readonly string[];
  readonly extensions: readonly AuditedExtension[];
  /** The worst first; `kind` tells what else each of them has. */
  readonly findings: readonly AuditFinding[];
}

export function auditDocument({ hosts, extensions, findings }: Audit): AuditDocument {
  return { schema: AUDIT_SCHEMA, hosts, extensions, findings };
}
