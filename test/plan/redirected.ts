import type { Plan } from '../../src/plan/plan.ts';
import { type Files, LIB, program } from './plan.ts';

/** `before → after` of each replaced text in a file of the tree. */
export function edits({ files }: Plan, target: string): string[] {
  const content = files.find(file => file.target === target)?.content;
  if (content?.kind !== 'copy') throw new Error(`${target} is not a copy`);
  return content.edits.flatMap(edit =>
    edit.kind === 'bytes' && edit.isText
      ? [`${Buffer.from(edit.before).toString()} → ${Buffer.from(edit.after).toString()}`]
      : [],
  );
}

/** Returns the verdict on a need of hosts, with its private place or the reason. */
export function verdict({ needs }: Plan, what: string) {
  const need = needs.find(known => known.what === what && known.owner === 'host');
  return need && [need.verdict, need.place ?? need.because];
}

/** A program that loads the modules of PAM, whose directory hosts have, too. */
export const pam: Files = {
  '/usr/bin/app': program({ needed: ['libpam.so.0', 'libc.so.6'] }),
  [`${LIB}/libpam.so.0`]: {
    soname: 'libpam.so.0',
    needed: ['libc.so.6'],
    data: '\0/lib/x86_64-linux-gnu/security/\0/lib/security\0',
  },
  [`${LIB}/security/pam_unix.so`]: { needed: ['libcrypt.so.1', 'libc.so.6'] },
  [`${LIB}/libcrypt.so.1`]: { soname: 'libcrypt.so.1', needed: ['libc.so.6'] },
};
