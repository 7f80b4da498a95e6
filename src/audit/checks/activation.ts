import { ranBeforeMerge } from './activation/before-merge.ts';
import { orderCycle } from './activation/cycle.ts';
import { ignoredFile } from './activation/ignored-file.ts';
import { lateWants } from './activation/late-wants.ts';
import { losingPreset } from './activation/losing-preset.ts';
import { needsReload } from './activation/needs-reload.ts';
import { neverStarted } from './activation/never-started.ts';
import { noReload } from './activation/no-reload.ts';
import { unknownUser } from './activation/unknown-user.ts';

/** What an extension brings for systemd and other daemons comes after they have started. */
export const activation = [
  orderCycle,
  unknownUser,
  noReload,
  lateWants,
  ranBeforeMerge,
  ignoredFile,
  needsReload,
  losingPreset,
  neverStarted,
] as const;
