import { chainTo, notFound, linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { isCommand } from '../../scripts.ts';

export const unloadable = defineCheck(
  'broken/unloadable',
  {
    title: 'A file aborts the loader’s search',
    means:
      'Under the name of a library the loader finds something that it cannot load: text (a linker script), a ' +
      'truncated or corrupt ELF file, or a directory. Or an ELF file of the extension cannot be read at all.',
    matters:
      'The loader skips a file that does not exist, but such a file ends the search: the program does not start, ' +
      'even if a good library is in the next directory.',
    fix: 'Replace the file with the right library, or remove it.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, subjects, inventories }: Evidence): Generator<Observation> {
  for (const subject of subjects) {
    const { extension, path, role, closure } = subject;
    if (!closure.fatal) continue;
    const { requester, reason } = closure.fatal;
    yield {
      severity: role === 'program' ? 'error' : 'warning',
      extension,
      subject: path,
      chain: [
        ...(requester ? chainTo(requester, subject, merge) : [linkTo(closure.entry, merge)]),
        notFound(closure.fatal.path),
      ],
      culprit: closure.fatal.path,
      message: `the loader stops at ${closure.fatal.path}: ${reason}`,
      fix: 'Replace the file with the right library, or remove it.',
    };
  }
  for (const { extension, broken } of inventories)
    for (const { path, reason } of broken)
      yield {
        // the kernel does not start it, and no loader loads it
        severity: isCommand(path) ? 'error' : 'warning',
        extension,
        subject: path,
        message: `${path} starts like an ELF file but cannot be read as one: ${reason}`,
        fix: 'Copy the file again, or leave it out.',
      };
}
