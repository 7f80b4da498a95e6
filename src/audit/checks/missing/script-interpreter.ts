import { notFound } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { asProvider } from '../../extension.ts';
import { isCommand, scriptsOf } from '../../scripts.ts';

export const missingScriptInterpreter = defineCheck(
  'missing/script-interpreter',
  {
    title: 'The interpreter of a script is missing',
    means:
      'The first line of an executable script names an interpreter, or has env look for one, and neither the ' +
      'extension nor the host has it.',
    matters: 'The script does not start: “bad interpreter”, or “env: … No such file or directory”.',
    fix:
      'Ship the interpreter (“flix vendor” takes it as an entry), or leave the script out. A script that is only ' +
      'read by another program does not need to be executable.',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<Observation> {
  if (!evidence.merge.host) return;
  for (const { extension, path, interpreter, real } of scriptsOf(evidence)) {
    if (real !== undefined || !isCommand(path)) continue;
    yield {
      severity: 'error',
      extension,
      subject: path,
      chain: [{ name: path, path, provider: asProvider(extension), origin: null }, notFound(interpreter)],
      culprit: interpreter,
      message: `${path} needs the interpreter ${interpreter}, which does not exist`,
      fix: `Ship ${interpreter}, or leave out what needs it.`,
    };
  }
}
