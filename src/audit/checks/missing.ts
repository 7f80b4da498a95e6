import { missingHostProgram } from './missing/host-program.ts';
import { missingInterpreter } from './missing/interpreter.ts';
import { missingLibrary } from './missing/library.ts';
import { missingSymbolVersion } from './missing/symbol-version.ts';

/** What programs of an extension need and nobody provides. */
export const missing = [
  missingInterpreter,
  missingLibrary,
  missingSymbolVersion,
  missingHostProgram,
] as const;
