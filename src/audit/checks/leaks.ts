import { hostDlopen } from './leaks/dlopen.ts';
import { hostHelper } from './leaks/host-helper.ts';
import { hostInterpreter } from './leaks/host-interpreter.ts';
import { hostLibrary } from './leaks/host-library.ts';
import { hostModules } from './leaks/host-modules.ts';
import { openVariables } from './leaks/open-variables.ts';
import { outsideRunPath } from './leaks/run-path.ts';
import { hostScriptInterpreter } from './leaks/script-interpreter.ts';

/** Code that a self-contained extension takes from the host, or can be made to. */
export const leaks = [
  hostInterpreter,
  hostLibrary,
  openVariables,
  outsideRunPath,
  hostModules,
  hostDlopen,
  hostScriptInterpreter,
  hostHelper,
] as const;
