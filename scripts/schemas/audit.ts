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

/** The schema of what `flix audit --json` prints, with and without `--next`. */
export function auditSchema(): Schema {
  return {
    $schema: DRAFT,
    title: 'flix audit --json',
    description:
      'The findings of extensions that are merged over hosts; with --next, those that an update of the host adds',
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

const findings = about('most severe first', list(one('finding')));
const extensions = list(one('extension'));

const audit = closed<AuditDocument>({
  schema: { const: AUDIT_SCHEMA },
  hosts: about('labels of the hosts; empty if none was given', list(text)),
  extensions,
  findings,
});

const gate = closed<ReturnType<typeof gateDocument>>({
  schema: { const: GATE_SCHEMA },
  today: about('label of the host as it is today', text),
  next: about('label of the next release of the host', text),
  extensions,
  findings: about(
    'findings that are new or more severe on the next release; most severe first',
    list(one('finding')),
  ),
  answers: about('for each affected extension, the versions in the feed', list(one('answer'))),
});

const answer = closed<FeedAnswer>({
  extension: text,
  extensionType: one('extensionType'),
  fits: about('the newest version that is not affected; null if there is none', orNull(text)),
  tried: about(
    'newest first',
    list(closed<FeedAnswer['tried'][number]>({ version: text, findings: list(one('finding')) })),
  ),
});

const extensionType = about('sysext if systemd-sysext merges it, confext if systemd-confext does', {
  enum: [...extensionTypes],
});

const extension = closed<AuditedExtension>({
  name: text,
  type: one('extensionType'),
  claim: about(
    'what its release file declares',
    anyOf<AuditedExtension['claim']>({ 'self-contained': true, 'host-bound': true }),
  ),
  programs: about('number of ELF programs', count),
  objects: about('number of other ELF objects', count),
});

const common: Members<Common> = {
  kind: about('explained in docs/findings and by flix audit --explain KIND', {
    enum: [...pages.keys()],
  }),
  severity: { enum: [...severities] },
  extension: about('the extension at fault; for policy/*, the file that contains the allowance', text),
  extensionType: about('null for policy/*', orNull(one('extensionType'))),
  subject: about('the file of the extension that the finding is about', text),
  alsoIn: about('other files with the same culprit', list(text)),
  chain: about('the chain from a program to the culprit', list(one('step'))),
  culprit: about('the path, name or version that causes the finding', text),
  message: about('what was found', text),
  fix: about('what to do about it', text),
  hosts: about('labels of the affected hosts; empty if no host was given', list(text)),
  known: about('whether the manifest of the extension documents it', flag),
  accepted: optional(about('why it is only an info: the allowance or the baseline that accepts it', text)),
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
  name: about('the path of the program, or a name from a dynamic table', text),
  path: about('null if nothing was found', orNull(text)),
  provider: orNull(one('provider')),
  origin: about('the rule of the loader by which it was found', orNull(one('origin'))),
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

const element = about('a directory of the search path, as written there', text);
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
      owner: about('the object that has the run path', text),
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
    'no-device': true,
    'too-long': true,
    invalid: true,
    'no-cache': true,
    'not-in-cache': true,
    refused: true,
  }),
});
