import type { Audit, AuditedExtension, AuditFinding } from '../audit/audit.ts';

export const AUDIT_SCHEMA = 'flix.audit/1';

export interface AuditDocument {
  readonly schema: typeof AUDIT_SCHEMA;
  /** Labels; empty if no host was given. */
  readonly hosts: readonly string[];
  readonly extensions: readonly AuditedExtension[];
  /** The most severe first. Their other members depend on `kind`. */
  readonly findings: readonly AuditFinding[];
}

export function auditDocument({ hosts, extensions, findings }: Audit): AuditDocument {
  return { schema: AUDIT_SCHEMA, hosts, extensions, findings };
}
