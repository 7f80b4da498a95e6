import { ranBeforeMerge } from './checks/activation/before-merge.ts';
import { cannotStart } from './checks/activation/cannot-start.ts';
import { orderCycle } from './checks/activation/cycle.ts';
import { ignoredFile } from './checks/activation/ignored-file.ts';
import { lateWants } from './checks/activation/late-wants.ts';
import { losingPreset } from './checks/activation/losing-preset.ts';
import { needsReload } from './checks/activation/needs-reload.ts';
import { neverStarted } from './checks/activation/never-started.ts';
import { noReload } from './checks/activation/no-reload.ts';
import { unknownUser } from './checks/activation/unknown-user.ts';
import { unloadable } from './checks/broken/unloadable.ts';
import { aliasCollision } from './checks/collisions/alias.ts';
import { libcFamilies } from './checks/collisions/libc-family.ts';
import { pathCollision } from './checks/collisions/path.ts';
import { sonameCollision } from './checks/collisions/soname.ts';
import { mergedDirectoryLabel } from './checks/labels/merged-directory.ts';
import { unlabelled } from './checks/labels/unlabelled.ts';
import { absoluteLink } from './checks/layout/absolute-link.ts';
import { capability, foreignOwner, setuid, specialFile, worldWritable } from './checks/layout/attributes.ts';
import { danglingLink } from './checks/layout/dangling-link.ts';
import { hiddenMount } from './checks/layout/hidden-mount.ts';
import { mergedDirectory } from './checks/layout/merged-directory.ts';
import { awkwardName } from './checks/layout/name.ts';
import { noExec } from './checks/layout/no-exec.ts';
import { opaqueDirectory } from './checks/layout/opaque-directory.ts';
import { outsideHierarchies } from './checks/layout/outside.ts';
import { replacedDirectory } from './checks/layout/replaced-directory.ts';
import { secret } from './checks/layout/secret.ts';
import { hostDlopen } from './checks/leaks/dlopen.ts';
import { hostHelper } from './checks/leaks/host-helper.ts';
import { hostInterpreter } from './checks/leaks/host-interpreter.ts';
import { hostLibrary } from './checks/leaks/host-library.ts';
import { hostModules } from './checks/leaks/host-modules.ts';
import { openVariables } from './checks/leaks/open-variables.ts';
import { packedProgram } from './checks/leaks/packed.ts';
import { outsideRunPath } from './checks/leaks/run-path.ts';
import { hostScriptInterpreter } from './checks/leaks/script-interpreter.ts';
import { blocksAll } from './checks/metadata/blocks-all.ts';
import { mergedAlready } from './checks/metadata/merged-already.ts';
import { overClaim } from './checks/metadata/over-claim.ts';
import { silentlyIgnored } from './checks/metadata/silently-ignored.ts';
import { underClaim } from './checks/metadata/under-claim.ts';
import { unmountable } from './checks/metadata/unmountable.ts';
import { unreadVersion } from './checks/metadata/unread-version.ts';
import { otherArchitecture } from './checks/missing/architecture.ts';
import { cpuLevel } from './checks/missing/cpu-level.ts';
import { executableStack } from './checks/missing/executable-stack.ts';
import { missingHostProgram } from './checks/missing/host-program.ts';
import { missingInterpreter } from './checks/missing/interpreter.ts';
import { kernelModule } from './checks/missing/kernel-module.ts';
import { missingLibrary } from './checks/missing/library.ts';
import { notInCache } from './checks/missing/not-in-cache.ts';
import { openedLibrary } from './checks/missing/opened-library.ts';
import { missingRelrMarker } from './checks/missing/relr-marker.ts';
import { missingScriptInterpreter } from './checks/missing/script-interpreter.ts';
import { missingSymbolVersion } from './checks/missing/symbol-version.ts';
import { missingSymbol } from './checks/missing/symbol.ts';
import { unreadConfiguration } from './checks/missing/unread-ld-conf.ts';
import { missingVersionFile } from './checks/missing/version-file.ts';
import { hostLacks } from './checks/promises/host-lacks.ts';
import { changedFile } from './checks/promises/changed-file.ts';
import { unreadableManifest } from './checks/promises/unreadable-manifest.ts';
import { unsealedLoader } from './checks/promises/unsealed-loader.ts';
import { breaksHost } from './checks/shadowing/breaks-host.ts';
import { hiddenFile } from './checks/shadowing/host-file.ts';
import { hostLibc } from './checks/shadowing/host-libc.ts';
import { hiddenLibrary } from './checks/shadowing/host-library.ts';
import { hiddenIndex } from './checks/shadowing/unique-index.ts';
import { noPolicy } from './checks/trust/no-policy.ts';
import { refusedImage } from './checks/trust/refused.ts';
import { unguardedVerity } from './checks/trust/unguarded-verity.ts';
import { unknownKey } from './checks/trust/unknown-key.ts';
import type { Check, FindingFrom } from './check.ts';
import type { Page } from './finding.ts';
import { policyPages } from './policy-findings.ts';

/** Every check, by family. Findings of one severity are reported in this order. */
export const checks = [
  // metadata: the release file of an extension
  blocksAll,
  unmountable,
  silentlyIgnored,
  mergedAlready,
  overClaim,
  unreadVersion,
  underClaim,
  // trust: what a signature and a hash tree protect on a host
  refusedImage,
  unknownKey,
  unguardedVerity,
  noPolicy,
  // promises: where a tree differs from its manifest
  unreadableManifest,
  unsealedLoader,
  hostLacks,
  changedFile,
  // shadowing: what extensions shadow on the host, and how that affects its programs
  hostLibc,
  breaksHost,
  hiddenIndex,
  hiddenLibrary,
  hiddenFile,
  // missing: what programs of an extension need and nothing provides
  otherArchitecture,
  missingInterpreter,
  missingLibrary,
  openedLibrary,
  unreadConfiguration,
  notInCache,
  missingSymbolVersion,
  missingVersionFile,
  missingRelrMarker,
  missingSymbol,
  executableStack,
  cpuLevel,
  missingScriptInterpreter,
  missingHostProgram,
  kernelModule,
  // broken: files that are malformed
  unloadable,
  // leaks: code that a self-contained extension takes from the host, or can be made to take
  hostInterpreter,
  hostLibrary,
  openVariables,
  outsideRunPath,
  packedProgram,
  hostModules,
  hostDlopen,
  hostScriptInterpreter,
  hostHelper,
  // collisions: conflicts between extensions that are merged together
  aliasCollision,
  libcFamilies,
  pathCollision,
  sonameCollision,
  // layout: where files are, where links point, and who owns the files
  replacedDirectory,
  mergedDirectory,
  opaqueDirectory,
  hiddenMount,
  noExec,
  secret,
  setuid,
  capability,
  worldWritable,
  specialFile,
  foreignOwner,
  outsideHierarchies,
  danglingLink,
  absoluteLink,
  awkwardName,
  // activation: files for systemd and other daemons, which are merged after these have started
  orderCycle,
  cannotStart,
  unknownUser,
  noReload,
  lateWants,
  ranBeforeMerge,
  ignoredFile,
  needsReload,
  losingPreset,
  neverStarted,
  // labels: labels for mandatory access control
  unlabelled,
  mergedDirectoryLabel,
] as const;

type FindingOf<C> = C extends Check<infer K, infer O> ? FindingFrom<K, O> : never;
export type Finding = FindingOf<(typeof checks)[number]>;
export type FindingKind = Finding['kind'];

export const findingKinds: readonly FindingKind[] = checks.map(({ kind }) => kind);

export const pages: ReadonlyMap<string, Page> = new Map([
  ...checks.map(({ kind, page }): [string, Page] => [kind, page]),
  ...Object.entries(policyPages),
]);
