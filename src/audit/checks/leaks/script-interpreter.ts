import { basename } from '../../../view/path.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { asProvider, isOf } from '../../extension.ts';
import { providerText } from '../../finding.ts';
import { isCommand, ON_EVERY_HOST, scriptsOf } from '../../scripts.ts';

export const hostScriptInterpreter = defineCheck(
  'leaks/script-interpreter',
  {
    title: 'A script runs in an interpreter of the host',
    means:
      'A script of an extension that claims to be self-contained (ID=_any) names an interpreter that the host or ' +
      'another extension provides. For files outside the directories of programs, this is a note. /bin/sh is not ' +
      'reported, since every host has it.',
    matters:
      'Another host may lack that interpreter, or have a version that does not understand the script. Moreover, ' +
      'the host’s interpreter uses the libraries and modules of the host, not those of the extension.',
    fix:
      'Ship the interpreter and name its path inside the extension in the first line, or bind the extension to the ' +
      'host (ID=, VERSION_ID=).',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<Observation> {
  const { merge } = evidence;
  for (const { extension, path, interpreter, real } of scriptsOf(evidence)) {
    if (real === undefined || extension.claim !== 'self-contained') continue;
    const provider = merge.providerOf(real);
    if (isOf(extension, provider) || ON_EVERY_HOST.test(interpreter)) continue;
    yield {
      severity: isCommand(path) ? 'warning' : 'info',
      extension,
      subject: path,
      chain: [
        { name: path, path, provider: asProvider(extension), origin: null },
        { name: interpreter, path: real, provider, origin: null },
      ],
      culprit: interpreter,
      message: `${path} runs in ${interpreter} of ${providerText(provider)}`,
      fix: `Ship ${basename(interpreter)} and name its path inside the extension in the first line.`,
    };
  }
}
