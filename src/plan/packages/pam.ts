import type { Remark } from '../../manifest/manifest.ts';
import { shellWord } from '../../shell-word.ts';
import { textsAt } from '../../needs/evidence.ts';
import { follow } from '../../view/follow.ts';
import { existingPaths } from '../../view/glob.ts';
import { join, parent } from '../../view/path.ts';
import { isPublic } from '../source.ts';
import { readText } from '../../view/text.ts';
import type { View } from '../../view/view.ts';

const PLACE = '/etc/pam.d';
/** pam.conf(5); `@include` is Debian's (pam_handlers.c). */
const INCLUDED =
  /^[ \t]*(?:@include|-?(?:auth|account|password|session)[ \t]+(?:include|substack))[ \t]+([\w.-]+)/gm;

/** A service of PAM that the packages bring, and the files that it includes and that no package brings. */
export interface PamService {
  readonly file: string;
  /** Files of the root that it includes, directly or through another one. */
  readonly includes: readonly string[];
  /** Files that the root does not have, or that the user leaves out. */
  readonly lacks: readonly string[];
}

/**
 * Returns the services of PAM that include the policy that a distribution makes for all services.
 *
 * @param files what the packages bring to /etc
 * @param skip tells which paths the user leaves out
 */
export function pamServices(
  view: View,
  files: readonly string[],
  skip: (path: string) => boolean,
): PamService[] {
  return files
    .filter(file => parent(file) === PLACE)
    .flatMap(file => {
      const found = new Set([file]);
      const lacks = new Set<string>();
      // the loop also visits what it adds
      for (const at of found)
        for (const [, name] of (readText(view, at) ?? '').matchAll(INCLUDED)) {
          const path = join(PLACE, name!);
          if (files.includes(path)) continue;
          if (skip(path) || readText(view, path) === undefined) lacks.add(path);
          else found.add(path);
        }
      const includes = [...found].slice(1);
      return includes.length + lacks.size > 0 ? [{ file, includes, lacks: [...lacks] }] : [];
    });
}

/** A rule of a service: its kind, its control, and its module. */
const MODULE =
  /^[ \t]*-?(?:auth|account|password|session)[ \t]+(?:\[[^\]]*\]|\w+)[ \t]+(?:\S*\/)?(pam_\w+\.so)\b/gm;
const MODULES = ['/usr/lib/*-linux-*/security', '/usr/lib/security', '/usr/lib64/security'];

/**
 * Returns the configuration in /etc/security that the modules of some services read. Without it, pam_limits lets no session
 * begin.
 *
 * @param files what the packages bring to /etc, and what services among them include
 */
export function moduleConfiguration(view: View, files: readonly string[]): string[] {
  const names = files.flatMap(file =>
    [...(readText(view, file) ?? '').matchAll(MODULE)].map(([, name]) => name!),
  );
  const modules = [...new Set(names)].flatMap(name =>
    MODULES.flatMap(directory => existingPaths(view, `${directory}/${name}`)),
  );
  const named = modules.flatMap(path => textsAt(view, follow(view, path).path ?? path).whole);
  return [...new Set(named)]
    .filter(text => parent(text) === '/etc/security')
    .filter(text => {
      const real = follow(view, text);
      // old passwords (opasswd) belong to the users of the root
      return real.path !== undefined && real.kind === 'file' && isPublic(view, real.path);
    })
    .sort();
}

/** Says whose policy decides over logins on hosts that lack what a service includes. */
export function pamRemark({ file, includes, lacks }: PamService): Remark {
  const names = (paths: readonly string[]) => paths.map(path => path.slice(PLACE.length + 1)).join(', ');
  const messages = [
    ...(includes.length > 0
      ? [
          `includes ${names(includes)}. A host that has no such file in ${PLACE} gets that of the root, which then decides who may log in. Check whether such hosts should have this policy; --exclude ${shellWord(includes[0]!)} leaves a file out.`,
        ]
      : []),
    ...(lacks.length > 0
      ? [
          `includes ${names(lacks)}, which the tree does not bring: on a host without ${lacks.length > 1 ? 'them' : 'it'} in ${PLACE}, the service refuses logins. Such hosts need an ${file} of their own.`,
        ]
      : []),
  ];
  return { code: 'pam-include', file, message: messages.join(' The service also ') };
}
