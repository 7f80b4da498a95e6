import { isaLevel } from '../../../elf/notes.ts';
import { memoised } from '../../../view/memo.ts';
import { readElfPart } from '../../../view/object.ts';
import { chainTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { isOf } from '../../extension.ts';

interface CpuLevel extends Observation {
  /** The level that the file states, such as `x86-64-v3`. */
  readonly level: string;
}

export const cpuLevel = defineCheck(
  'missing/cpu-level',
  {
    title: 'A file needs a newer processor than declared',
    means:
      'An object states (GNU_PROPERTY_X86_ISA_1_NEEDED) that it needs an x86-64 level above the one that every ' +
      'target machine has: x86-64, or the level given with --hwcaps. Libraries in a glibc-hwcaps directory are ' +
      'meant for the level in its name.',
    matters:
      'On an older processor glibc refuses the file (“CPU ISA level is lower than required”); an older loader runs ' +
      'it until it hits an illegal instruction.',
    fix:
      'Build with an -march= that the oldest machine supports, put the faster build in glibc-hwcaps/x86-64-v3/ ' +
      'beside the plain one, or say what your machines have: “flix audit --hwcaps x86-64-v3”.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, subjects, level: declared }: Evidence): Generator<CpuLevel> {
  for (const subject of subjects)
    for (const object of subject.objects) {
      if (!isOf(subject.extension, merge.providerOf(object.real))) continue;
      const { view, path } = merge.view.source(object.real);
      const needed = isaLevelAt(view, path);
      if (needed <= Math.max(levelOf(declared), levelOf(hwcapsOf(object.real)))) continue;
      const level = `x86-64-v${needed}`;
      yield {
        severity: 'error',
        extension: subject.extension,
        subject: subject.path,
        chain: chainTo(object, subject, merge),
        culprit: object.real,
        level,
        message: `${object.real} needs a processor with ${level}, but the machines have ${declared ?? 'x86-64'}`,
        fix: 'Build it for the oldest machine, or say which level all machines have: “flix audit --hwcaps LEVEL”.',
      };
    }
}

const isaLevelAt = memoised((view, path): number => readElfPart(view, path, isaLevel) ?? 1);

/** Returns 3 for `x86-64-v3`, and 1 for any other name. */
function levelOf(name: string | undefined): number {
  return Number(/^x86-64-v([234])$/.exec(name ?? '')?.[1] ?? 1);
}

function hwcapsOf(path: string): string | undefined {
  return /\/glibc-hwcaps\/([^/]+)\/[^/]+$/.exec(path)?.[1];
}
