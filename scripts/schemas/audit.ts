import type { AuditedExtension, AuditFinding } from '../../src/audit/audit.ts';
import { pages } from '../../src/audit/checks.ts';
import { type FindingBase, type Provider, severities, type ChainLink } from '../../src/audit/finding.ts';
import type { FeedAnswer } from '../../src/audit/gate.ts';
import { AUDIT_SCHEMA, type AuditDocument } from '../../src/report/findings-json.ts';
import { GATE_SCHEMA, type gateDocument } from '../../src/report/gate.ts';
import type { Searched } from '../../src/resolve/closure.ts';
import { extensionTypes } from '../../src/systemd/extension-type.ts';
import { findingMembers } from './finding-members.ts';
import {
  about,
  anyOf,
  closed,
  count,
  DRAFT,
  flag,
  list,
  type Members,
  members,
  one,
  optional,
  orNull,
  type Schema,
  text,
} from './json-schema.ts';

type Common = FindingBase & Pick<AuditFinding, 'hosts' | 'known' | 'accepted'>;

/** Of what `flix audit --json` prints, without and with `--next`. */
export function auditSchema(): Schema {
  return {
    $schema: DRAFT,
    title: 'flix audit --json',
    description:
      'What is found in extensions that are merged over hosts; with --next, what an update of the host adds',
    type: 'object',
    oneOf: [one('audit'), one('gate')],
    $defs: {
      audit,
      gate,
      answer,
      extension,
      extensionType,
      finding: finding(),
      step,
      provider,
      origin,
      searched,
    },
  };
}

const findings = about('the worst first', list(one('finding')));
const extensions = list(one('extension'));

const audit = closed<AuditDocument>({
  schema: { const: AUDIT_SCHEMA },
  hosts: about('labels; empty: no host was given', list(text)),
  extensions,
  findings,
});

const gate = closed<ReturnType<typeof gateDocument>>({
  schema: { const: GATE_SCHEMA },
  today: about('label of the host as it is', text),
  next: about('label of the host as it will be', text),
  extensions,
  findings: about('what is not so today, or is worse then; the worst first', list(one('finding'))),
  answers: about('what a feed has for those that would suffer', list(one('answer'))),
});

const answer = closed<FeedAnswer>({
  extension: text,
  extensionType: one('extensionType'),
  fits: about('the newest version that does not suffer; null: none', orNull(text)),
  tried: about(
    'the newest first',
    list(closed<FeedAnswer['tried'][number]>({ version: text, findings: list(one('finding')) })),
  ),
});

const extensionType = about('what merges it: systemd-sysext or systemd-confext', {
  enum: [...extensionTypes],
});

const extension = closed<AuditedExtension>({
  name: text,
  type: one('extensionType'),
  claim: about(
    'what its release file says',
    anyOf<AuditedExtension['claim']>({ 'self-contained': true, 'host-bound': true }),
  ),
  programs: about('ELF programs', count),
  objects: about('other ELF objects', count),
});

const common: Members<Common> = {
  kind: about('docs/findings has a page on each, and flix audit --explain prints it', {
    enum: [...pages.keys()],
  }),
  severity: { enum: [...severities] },
  extension: about('the one at fault; of policy/* the file that holds the allowance', text),
  extensionType: about('null for policy/*', orNull(one('extensionType'))),
  subject: about('the file of the extension in which it shows', text),
  alsoIn: about('other files with the same culprit', list(text)),
  chain: about('from a program to the culprit', list(one('step'))),
  culprit: about('the path, name or version that has to be dealt with', text),
  message: about('what is so', text),
  fix: about('what to do about it', text),
  hosts: about('labels of those on which it holds; empty: no host was given', list(text)),
  known: about('the manifest of the extension names it', flag),
  accepted: optional(about('why it is but an info: it is allowed, or in the baseline', text)),
};

function finding(): Schema {
  const own = Object.entries<Members<object>>(findingMembers).map(([kind, described]) => {
    const { properties, required } = members(described);
    return { properties: { kind: { const: kind }, ...properties }, required };
  });
  const plain = [...pages.keys()].filter(kind => !(kind in findingMembers));
  return {
    type: 'object',
    ...members<Common>(common),
    oneOf: [{ properties: { kind: { enum: plain } } }, ...own],
    unevaluatedProperties: false,
  };
}

const step = closed<ChainLink>({
  name: about('a path for the program, then names of the dynamic table', text),
  path: about('null: nothing was found', orNull(text)),
  provider: orNull(one('provider')),
  origin: about('the loader’s rule that led to it', orNull(one('origin'))),
});

const provider: Schema = {
  oneOf: [
    closed<Extract<Provider, { kind: 'extension' }>>({
      kind: { const: 'extension' },
      name: text,
      type: one('extensionType'),
    }),
    closed<{ kind: 'host' }>({ kind: { const: 'host' } }),
  ],
};

const element = about('a directory of the search path, as it stands there', text);
const origin: Schema = {
  oneOf: [
    closed<{ kind: string }>({
      kind: anyOf<'loaded' | 'path' | 'cache' | 'loader'>({
        loaded: true,
        path: true,
        cache: true,
        loader: true,
      }),
    }),
    closed<{ kind: string; owner: string; element: string }>({
      kind: anyOf<'rpath' | 'runpath'>({ rpath: true, runpath: true }),
      owner: about('the object whose run path it is', text),
      element,
    }),
    closed<{ kind: string; element: string }>({
      kind: anyOf<'library-path' | 'default' | 'path-file'>({
        'library-path': true,
        default: true,
        'path-file': true,
      }),
      element,
    }),
  ],
};

const searched = closed<Searched>({
  origin: one('origin'),
  path: about('as the loader would print it', text),
  outcome: anyOf<Searched['outcome']>({
    absent: true,
    'not-a-directory': true,
    'other-abi': true,
    unreadable: true,
    loop: true,
    'no-cache': true,
    'not-in-cache': true,
    refused: true,
  }),
});
