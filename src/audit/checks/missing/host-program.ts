import { asBuffer } from '../../../elf/bytes.ts';
import { compareAsSystemd } from '../../../systemd/version-order.ts';
import { follow } from '../../../view/follow.ts';
import { readBytes } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck, type Evidence, type Observation } from '../../check.ts';
import type { WrapperNeed } from '../../wrapped.ts';

export const missingHostProgram = defineCheck(
  'missing/host-program',
  {
    title: 'A wrapper needs a program that the host lacks',
    means:
      'A wrapper made by “flix vendor --mode flatwrap” calls a program of the host to set up the view in which the ' +
      'wrapped program runs. The host does not have it, or has one that lacks the options because it is too old or ' +
      'comes from another project.',
    matters:
      'The wrapped program does not start: the wrapper exits with status 125, or the shell reports that a command ' +
      'was not found. busybox has unshare and mount too, but they support neither --map-user nor a mount table.',
    fix:
      'Ship the program in an extension of its own, or vendor in Flix mode, which needs nothing from the host at ' +
      'run time. Hosts with util-linux before 2.36 require Flix mode.',
  },
  find,
);

function* find({ merge }: Evidence): Generator<Observation> {
  if (!merge.host) return;
  for (const extension of merge.extensions) {
    const { wrapped } = extension;
    for (const need of wrapped?.needs ?? []) {
      const lack = lackOf(merge.view, need);
      if (lack === undefined) continue;
      const [first, ...others] = wrapped!.entries;
      yield {
        severity: 'error',
        extension,
        subject: first ?? wrapped!.prefix,
        alsoIn: others,
        culprit: need.program,
        message: `its wrappers call ${need.program}, ${lack}`,
        fix: 'Ship it in an extension, or vendor in Flix mode, which calls no program of the host.',
      };
    }
  }
}

/** Returns what is wrong with a program of the host; `undefined` if it is usable. */
function lackOf(view: View, { program, of, floor }: WrapperNeed): string | undefined {
  const real = follow(view, program);
  if (real.path === undefined || real.kind !== 'file') return 'which does not exist';
  if (of === undefined) return undefined;
  const version = versionIn(view, real.path, of);
  if (version === undefined) return `which is not the one of ${of}`;
  if (floor === undefined || compareAsSystemd(version, floor) >= 0) return undefined;
  return `which is ${of} ${version}, but ${floor} is required`;
}

/** Finds in the file what `--version` would print, such as `util-linux 2.38.1`. */
function versionIn(view: View, path: string, project: string): string | undefined {
  const bytes = asBuffer(readBytes(view, path) ?? new Uint8Array());
  const name = `${project} `;
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    const version = /^\d+(?:\.\d+)+/.exec(bytes.toString('latin1', at + name.length, at + name.length + 32));
    if (version) return version[0];
  }
  return undefined;
}
