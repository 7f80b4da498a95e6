import { hostInterpreter } from './leaks/host-interpreter.ts';
import { hostLibrary } from './leaks/host-library.ts';
import { openVariables } from './leaks/open-variables.ts';

/** Code that a self-contained extension takes from the host, or can be made to. */
export const leaks = [hostInterpreter, hostLibrary, openVariables] as const;
