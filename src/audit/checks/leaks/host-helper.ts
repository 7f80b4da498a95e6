import type { LoadedObject } from '../../../resolve/closure.ts';
import { basename } from '../../../view/path.ts';
import { chainTo, nothing } from '../../chain.ts';
import { defineCheck, type Evidence, type Observation } from '../../check.ts';
import { isOf } from '../../extension.ts';
import { providerText } from '../../finding.ts';
import { type Helper, helpersIn } from '../../helpers.ts';
import type { Merge } from '../../merge.ts';
import type { Subject } from '../../subject.ts';

interface HostHelper extends Observation {
  /** The files of the extension in which its path stands. */
  readonly namedBy: readonly string[];
}

export const hostHelper = defineCheck(
  'leaks/host-helper',
  {
    title: 'A program of the host may be executed',
    means:
      'A file of a self-contained extension (ID=_any) holds the absolute path of a program that the extension does not ' +
      'bring. If the host has it this is a note, and nothing for /bin/sh, which every host has. If the host has ' +
      'nothing at a path where only programs are (/usr/bin/NAME), it is a warning; and a note where only a library ' +
      'names it, for something that may never be asked of it, or where the text (/bin/NAME) may be the end of a ' +
      'longer path. Nothing is said where the same file names another place of the program, or another shell, that is there.',
    matters:
      'What the host lacks cannot be executed, and the feature that needs it fails there. What the host has is run ' +
      'with its libraries and its configuration, in a version that nobody tried with the extension.',
    fix:
      'Bring the program with the extension (“flix vendor … PATH”) and tell its caller where it is, by an option, a ' +
      'configuration or a variable; or accept it, if it is the host’s business.',
  },
  find,
);

function find({ subjects, merge }: Evidence): HostHelper[] {
  const found = new Map<string, HostHelper>();
  if (!merge.host) return [];
  for (const subject of subjects)
    for (const object of subject.extension.claim === 'self-contained' ? subject.objects : []) {
      if (!isOf(subject.extension, merge.providerOf(object.real))) continue;
      for (const helper of helpersIn(merge.view, object.real)) {
        if (helper.real !== undefined && isOf(subject.extension, merge.providerOf(helper.real))) continue;
        const key = `${subject.extension.name}\0${helper.path}`;
        const finding = found.get(key);
        found.set(key, joined(finding, findingOf(helper, object, subject, merge)));
      }
    }
  return [...found.values()];
}

/** A helper is one finding, however many files name it and programs load these; a file names it for itself first. */
function joined(first: HostHelper | undefined, next: HostHelper): HostHelper {
  if (!first) return next;
  const [kept, added] =
    next.severity === 'warning' && first.severity === 'info' ? [next, first] : [first, next];
  const alsoIn = new Set([...(kept.alsoIn ?? []), added.subject, ...(added.alsoIn ?? [])]);
  alsoIn.delete(kept.subject);
  return { ...kept, alsoIn: [...alsoIn], namedBy: [...new Set([...kept.namedBy, ...added.namedBy])].sort() };
}

function findingOf({ path, real }: Helper, object: LoadedObject, subject: Subject, merge: Merge): HostHelper {
  const provider = real === undefined ? undefined : merge.providerOf(real);
  const step =
    real === undefined ? nothing(path) : { name: path, path: real, provider: provider!, origin: null };
  return {
    severity: provider || object.real !== subject.path || !path.startsWith('/usr/') ? 'info' : 'warning',
    extension: subject.extension,
    subject: subject.path,
    chain: [...chainTo(object, subject, merge), step],
    culprit: path,
    namedBy: [object.real],
    message: provider
      ? `${basename(object.real)} names ${path}, a program of ${providerText(provider)}`
      : `${basename(object.real)} names ${path}, which the host lacks`,
    fix: provider
      ? `bring ${basename(path)} and tell ${basename(subject.path)} where it is, or accept it`
      : `bring ${basename(path)}, or do without what needs it`,
  };
}
