import { notFound, linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { foreignArchitecture } from '../../foreign-architecture.ts';
import { isStandardInterpreter } from '../../../libc/libc.ts';

export const missingInterpreter = defineCheck(
  'missing/interpreter',
  {
    title: 'The loader does not exist',
    means:
      'A program names an interpreter (PT_INTERP) that neither its extension nor the host provides, or that exists ' +
      'only for another architecture.',
    matters:
      'The kernel refuses to start the program: “No such file or directory”, or “not found” from a shell, although ' +
      'the program itself exists.',
    fix:
      'Ship the loader at the path that the program names, or set another interpreter; “flix vendor” does this. If ' +
      'the path is below /usr/local, check whether /usr/local is a symbolic link on the host, as on ostree ' +
      'systems: a directory of the extension replaces it.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, subjects }: Evidence): Generator<Observation> {
  for (const { extension, path, role, closure } of subjects) {
    const { interpreterMissing, entry } = closure;
    if (role !== 'program' || interpreterMissing === undefined) continue;
    // a host, which was not given, may provide the standard loader
    if (!merge.host && isStandardInterpreter(entry.facts)) continue;
    // missing/architecture reports such a program, or it is there on purpose
    if (foreignArchitecture(entry.facts, path, extension, merge.host)) continue;
    yield {
      severity: 'error',
      extension,
      subject: path,
      chain: [linkTo(entry, merge), notFound(interpreterMissing)],
      culprit: interpreterMissing,
      message: `the interpreter ${interpreterMissing} does not exist`,
      fix: `Ship the loader as ${interpreterMissing}, or let “flix vendor” set another one.`,
    };
  }
}
