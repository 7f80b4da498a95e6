import { nothing } from '../../chain.ts';
import { type Check, type Evidence, gathered } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { isCommand, scriptsOf } from '../../scripts.ts';

export interface MissingScriptInterpreter extends FindingBase {
  readonly kind: 'missing/script-interpreter';
}

export const missingScriptInterpreter: Check<MissingScriptInterpreter> = {
  kind: 'missing/script-interpreter',
  page: {
    title: 'The interpreter of a script is not there',
    means:
      'An executable script names an interpreter in its first line, or has env look for one, and neither the ' +
      'extension nor the host has it.',
    matters: 'Starting it fails: “bad interpreter”, or “env: … No such file or directory”.',
    fix:
      'Bring the interpreter (“flix vendor” takes it as an entry), or leave out the script. One that is only read by ' +
      'a program needs no permission to be executed.',
  },
  find: evidence => gathered(find(evidence)),
};

function* find(evidence: Evidence): Generator<MissingScriptInterpreter> {
  if (!evidence.merge.host) return;
  for (const { extension, path, interpreter, real } of scriptsOf(evidence)) {
    if (real !== undefined || !isCommand(path)) continue;
    yield {
      kind: 'missing/script-interpreter',
      severity: 'error',
      extension: extension.name,
      subject: path,
      alsoIn: [],
      chain: [
        { name: path, path, provider: { kind: 'extension', name: extension.name }, origin: null },
        nothing(interpreter),
      ],
      culprit: interpreter,
      message: `nobody provides ${interpreter}, which ${path} is to be run by`,
      fix: `bring ${interpreter}, or leave out what needs it`,
    };
  }
}
