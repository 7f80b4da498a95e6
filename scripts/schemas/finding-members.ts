import type { AuditFinding } from '../../src/audit/audit.ts';
import type { FindingBase } from '../../src/audit/finding.ts';
import {
  about,
  anyOf,
  closed,
  flag,
  list,
  type Members,
  one,
  optional,
  orNull,
  text,
} from './json-schema.ts';

type Kind = AuditFinding['kind'];
type Common = keyof FindingBase | 'hosts' | 'known' | 'accepted';
/** The members of a kind that not every finding has. */
type Own<K extends Kind> = Omit<FindingOf<K>, Common>;
type FindingOf<K extends Kind, F = AuditFinding> = F extends { readonly kind: infer Of }
  ? K extends Of
    ? F
    : never
  : never;
type WithOwn = { [K in Kind]: keyof Own<K> extends never ? never : K }[Kind];

const path = (description: string) => about(`${description}; a real path in the merged view`, text);
const winner = about('the file or extension that is visible', text);
const priority = about(
  'as in the dlopen note of the object; null if no note names the library',
  orNull(
    anyOf<'required' | 'recommended' | 'suggested'>({ required: true, recommended: true, suggested: true }),
  ),
);
const requester = path('the object that requests it');

/** The members of each kind beside the common ones; kinds without any are left out. */
export const findingMembers: { readonly [K in WithOwn]: Members<Own<K>> } = {
  'activation/losing-preset': { winner },
  'collisions/alias': { winner },
  'collisions/path': { winner },
  'collisions/soname': {
    soname: text,
    rival: closed<{ extension: string; path: string }>({ extension: text, path: text }),
  },
  'layout/capability': { capabilities: about('names as in capabilities(7)', list(text)) },
  'layout/dangling-link': { target: text },
  'layout/no-exec': { provider: one('provider') },
  'leaks/dlopen': {
    priority,
  },
  'leaks/host-helper': {
    namedBy: about(
      'the files of the extension that contain its path; real paths in the merged view',
      list(text),
    ),
  },
  'leaks/host-library': { provider: one('provider') },
  'leaks/host-modules': {
    facility: anyOf<'gconv' | 'nss' | 'pam' | 'graphics' | 'video' | 'sasl'>({
      gconv: true,
      nss: true,
      pam: true,
      graphics: true,
      video: true,
      sasl: true,
    }),
    opener: path('the library that opens modules'),
    through: about('the variable or file under which a manifest documents that this stays open', text),
    module: path('one module of the host'),
    failing: about('the modules of the host that the program cannot load; real paths', list(text)),
  },
  'leaks/open-variables': { open: list(text) },
  'leaks/run-path': { element: about('as written in the file', text) },
  'metadata/over-claim': {
    proven: optional(about('the claim that is true; absent if none is', text)),
  },
  'metadata/silently-ignored': {
    rule: about('the rule by which systemd decides', text),
  },
  'metadata/under-claim': { proven: about('the stronger claim that would be true as well', text) },
  'missing/architecture': { architecture: about('as systemd spells it', text) },
  'missing/cpu-level': { level: about('such as x86-64-v3', text) },
  'missing/library': { searched: list(one('searched')) },
  'missing/not-in-cache': { path: path('the library') },
  'missing/opened-library': {
    priority,
    onHost: about('the host has it, but the private loader of the extension hides it', flag),
  },
  'missing/symbol': { requester, symbol: text, version: orNull(text) },
  'missing/symbol-version': { version: text, requester },
  'missing/unread-ld-conf': {
    path: path('the library'),
    configuration: path('the configuration file that nothing reads'),
  },
  'missing/version-file': { version: text, requester },
  'promises/unreadable-manifest': {
    flaw: anyOf<'no JSON' | 'wrong member' | 'newer schema'>({
      'no JSON': true,
      'wrong member': true,
      'newer schema': true,
    }),
  },
  'promises/unsealed-loader': { open: list(text) },
  'shadowing/breaks-host': { broken: list(text), lacking: list(text) },
  'shadowing/host-libc': { hidden: path('the file of the host') },
  'shadowing/host-library': {
    hidden: path('the file of the host'),
    age: about(
      'of the copy in the extension, compared with that of the host',
      anyOf<'newer' | 'older' | 'as old' | 'unlike' | 'unknown'>({
        newer: true,
        older: true,
        'as old': true,
        unlike: true,
        unknown: true,
      }),
    ),
    users: list(text),
  },
  'shadowing/unique-index': { hides: list(text) },
  'trust/refused': { policy: text },
};
