import { chainTo, linkTo } from '../../chain.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import { isOf } from '../../extension.ts';
import { type RefusedStack, refusedStacks } from '../../refused-stacks.ts';
import type { Merge } from '../../merge.ts';

export const executableStack = defineCheck(
  'missing/executable-stack',
  {
    title: 'A plugin needs an executable stack',
    means:
      'An object that no program loads at start needs an executable stack: its PT_GNU_STACK says so, or it has none and ' +
      'the stack is executable by default on its machine (all but ARM64, 64-bit PowerPC, RISC-V and LoongArch). glibc ' +
      '2.41 and newer no longer makes the stack executable when a program opens such an object (dlopen). It is an error ' +
      'if a program or library of the extension names the object, and so probably opens it.',
    matters:
      'dlopen fails: “cannot enable executable stack as shared object requires”. The program runs without the plugin, ' +
      'or not at all. On a host with an older glibc the same object works, so an update of the host breaks it. ' +
      'Libraries that a program needs from the start (DT_NEEDED) still work.',
    fix:
      'Most such objects do not need it: their assembler files only lack a .note.GNU-stack section. Link the object with ' +
      '-Wl,-z,noexecstack, or clear the flag with “patchelf --clear-execstack FILE” (patchelf 0.18 or newer). If the ' +
      'code does run on the stack, start the program with GLIBC_TUNABLES=glibc.rtld.execstack=2.',
  },
  evidence => gathered(refusedStacks(evidence).map(refused => finding(refused, evidence.merge))),
);

function finding({ subject, object, caller }: RefusedStack, merge: Merge): Observation {
  const { extension, path, role, closure } = subject;
  const { real } = object;
  const ofHost = isOf(extension, merge.providerOf(closure.loader!.real)) ? '' : ' (that of the host)';
  return {
    severity: caller ? 'error' : 'warning',
    extension,
    subject: role === 'program' && caller ? caller.real : path,
    chain:
      role === 'program' && caller
        ? [...chainTo(caller, subject, merge), linkTo(object, merge)]
        : chainTo(object, subject, merge),
    culprit: real,
    message: `${real} needs an executable stack, so glibc 2.41 and newer${ofHost} refuses to open it in a running program`,
    fix: `Link it with -Wl,-z,noexecstack or run “patchelf --clear-execstack ${real}”, if its code does not run on the stack.`,
  };
}
