import { basename, parent } from '../../view/path.ts';
import { readText } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import { unitPrograms } from '../../systemd/exec-lines.ts';
import type { PlannedFile } from '../plan.ts';

/** A systemd unit that starts programs of the root. */
export interface Unit {
  /** In the tree. */
  readonly target: string;
  /** Of its Exec lines: paths, or names that systemd looks up. */
  readonly programs: readonly string[];
  /** systemd itself makes the view, by a drop-in; else each program gets a wrapper. */
  readonly native: boolean;
}

const UNIT = /\/systemd\/(?:system|user)\/[^/]+\.(?:service|socket|mount|swap)$/;

/** The manager of a user may not set up a root (systemd.exec(5), RootDirectory=), and a unit that has one keeps it. */
const OWN_ROOT = /^[ \t]*(?:RootDirectory|RootImage)[ \t]*=[ \t]*\S/m;

/** The units among files that lie beside the staged root. */
export function unitsAmong(files: readonly PlannedFile[]): Unit[] {
  return files.flatMap(({ target, content }) => {
    if (!UNIT.test(target) || content.kind !== 'copy') return [];
    const programs = unitPrograms(textOf(content));
    const native = isService(target) && !OWN_ROOT.test(textOf(content));
    return programs.length === 0 ? [] : [{ target, programs, native }];
  });
}

/** Where a drop-in of a unit lies (systemd.unit(5)); one of a template serves all of its instances. */
export function dropInPath({ target }: Unit): string {
  return `${target}.d/10-flix.conf`;
}

function textOf({ view, path }: { readonly view: View; readonly path: string }): string {
  return readText(view, path) ?? '';
}

function isService(target: string): boolean {
  return basename(parent(target)) === 'system' && target.endsWith('.service');
}
