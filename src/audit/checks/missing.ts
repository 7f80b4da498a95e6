import { otherArchitecture } from './missing/architecture.ts';
import { cpuLevel } from './missing/cpu-level.ts';
import { missingHostProgram } from './missing/host-program.ts';
import { missingInterpreter } from './missing/interpreter.ts';
import { missingLibrary } from './missing/library.ts';
import { notInCache } from './missing/not-in-cache.ts';
import { missingRelrMarker } from './missing/relr-marker.ts';
import { missingScriptInterpreter } from './missing/script-interpreter.ts';
import { missingSymbolVersion } from './missing/symbol-version.ts';
import { missingSymbol } from './missing/symbol.ts';
import { unreadConfiguration } from './missing/unread-ld-conf.ts';
import { missingVersionFile } from './missing/version-file.ts';

/** What programs of an extension need and nobody provides. */
export const missing = [
  otherArchitecture,
  missingInterpreter,
  missingLibrary,
  unreadConfiguration,
  notInCache,
  missingSymbolVersion,
  missingVersionFile,
  missingRelrMarker,
  missingSymbol,
  cpuLevel,
  missingScriptInterpreter,
  missingHostProgram,
] as const;
