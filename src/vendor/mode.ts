import { FlixError } from '../errors.ts';
import { type JudgedNeed, reaches, type Strength } from '../needs/need.ts';
import { isNamedByUser, type WrapChoices } from '../plan/request.ts';
import { EXCLUDED } from '../plan/bring-needs.ts';
import type { Content, Plan, PlannedFile } from '../plan/plan.ts';
import { userNamespaces } from './user-namespaces.ts';
import { targetOf } from '../plan/target.ts';
import type { View } from '../view/view.ts';

/** A plan, or why there is none. */
type Attempt = { readonly plan: Plan } | { readonly refused: FlixError };

/** What `--mode auto` chooses from. */
export interface ModeInput {
  readonly flix: () => Plan;
  /** `undefined`: Flatwrap mode cannot be used at all. */
  readonly flatwrap: ((choices: Pick<WrapChoices, 'trim'>) => Plan) | undefined;
  /** Why Flatwrap mode cannot be used. */
  readonly unwrappable?: string | undefined;
  /** Whether the user said how much of the root is copied; `undefined`: only what is needed. */
  readonly trim: boolean | undefined;
  /** The weakest needs that are brought. */
  readonly level: Strength;
  /** The host for which the tree is made; `undefined`: any. */
  readonly host: View | undefined;
}

/** The refusals of Flix mode that Flatwrap mode may avoid: they follow from editing, or from one directory for all libraries. */
const REFUSED_BY_EDITING = new Set([
  'name-conflict',
  'mixed-libc',
  'mixed-loaders',
  'packed',
  'driver-library',
]);

/**
 * Makes the plan of `--mode auto`: that of Flix mode if it serves every need of the level or if Flatwrap mode serves no more,
 * otherwise that of Flatwrap mode. The reason is in the plan. Throws `FlixError`.
 */
export function choosePlan(input: ModeInput): Plan {
  const { level } = input;
  const flix = attempt(input.flix);
  if ('refused' in flix && !REFUSED_BY_EDITING.has(flix.refused.code)) throw flix.refused;
  const open = 'plan' in flix ? unserved(flix.plan, level) : [];
  if ('plan' in flix && open.length === 0)
    return { ...flix.plan, modeBecause: 'every need of its programs is served in it' };

  const wrapped = tryFlatwrap(input);
  if ('plan' in wrapped) {
    const left = open.filter(leftBy(wrapped.plan));
    const served = open.filter(need => !left.includes(need));
    const against = objection(wrapped.plan, input);
    if (against === undefined && 'plan' in flix && served.length === 0)
      return { ...flix.plan, modeBecause: `neither mode serves what is open: ${describe(open, flix.plan)}` };
    if (against === undefined) {
      const reason = 'plan' in flix ? describe(served, flix.plan) : firstLine(flix.refused);
      const still =
        left.length === 0 || 'refused' in flix ? '' : `; open in both: ${describe(left, flix.plan)}`;
      const form = wrapped.plan.wrapped?.whole ? `; ${WHOLE}` : '';
      return { ...wrapped.plan, modeBecause: reason + still + form };
    }
    if ('plan' in flix) return stayed(flix.plan, against, open);
  } else if ('plan' in flix) return stayed(flix.plan, wrapped.because, open);
  throw flix.refused;
}

const WHOLE = 'the whole root is copied, since only that has what a packed program loads';

function stayed(plan: Plan, against: string, open: readonly JudgedNeed[]): Plan {
  return {
    ...plan,
    modeBecause: `Flatwrap mode would not serve more: ${against}. Open: ${describe(open, plan)}`,
  };
}

/** Returns what was chosen for `--mode auto` and why, for the user; `undefined`: the user named the mode. */
export function modeText({ wrapped, modeBecause }: Plan): string | undefined {
  return modeBecause === undefined
    ? undefined
    : `mode: ${wrapped ? 'flatwrap' : 'flix'}, because ${modeBecause}`;
}

function tryFlatwrap({
  flatwrap,
  unwrappable = 'it is not available',
  trim,
}: ModeInput): { readonly plan: Plan } | { readonly because: string } {
  if (!flatwrap) return { because: unwrappable };
  let made = attempt(() => flatwrap({ trim: trim ?? true }));
  // what a packed program loads is not known, so only the whole root serves
  if ('refused' in made && made.refused.code === 'packed' && trim === undefined)
    made = attempt(() => flatwrap({ trim: false }));
  return 'plan' in made ? made : { because: firstLine(made.refused) };
}

function attempt(make: () => Plan): Attempt {
  try {
    return { plan: make() };
  } catch (error) {
    if (error instanceof FlixError) return { refused: error };
    throw error;
  }
}

function firstLine({ message }: FlixError): string {
  return message.split('\n')[0]!.replace(/:$/, '');
}

/** Returns the needs of the level that a plan leaves open, without those that the user left out. */
function unserved({ needs }: Plan, level: Strength): JudgedNeed[] {
  return needs.filter(
    ({ verdict, strength, because }) =>
      verdict === 'open' && reaches(strength, level) && because !== EXCLUDED,
  );
}

/** Returns a test whether a plan of Flatwrap mode leaves a need open as well, such as a setuid program or a file of /etc. */
function leftBy({ needs, files }: Plan): (need: JudgedNeed) => boolean {
  const key = ({ what, evidence }: JudgedNeed) => `${what}\0${evidence.file}`;
  const isLeft = ({ verdict, owner }: JudgedNeed) =>
    verdict === 'open' || (owner === 'machine' && verdict !== 'bridged');
  const left = new Set(needs.filter(isLeft).map(key));
  const privileged = new Set(
    files.flatMap(({ content }) => (content.kind === 'copy' && isSetuid(content) ? [content.path] : [])),
  );
  return need => isHostsPath(need.what) || left.has(key(need)) || privileged.has(need.what);
}

/** Whether wrapped programs see the file of the host at a path: with `auto`, they see its /etc, /var and /home. */
function isHostsPath(what: string): boolean {
  return what.startsWith('/') && targetOf(what) === undefined;
}

/** Returns why the programs of a Flatwrap plan cannot work; `undefined`: they can. */
function objection(plan: Plan, { host }: ModeInput): string | undefined {
  const privileged = plan.files.find(needsRights);
  if (privileged) {
    const { path } = privileged.content as Extract<Content, { kind: 'copy' }>;
    return `${path} is setuid or setgid, and wrapped programs have only the rights of their callers`;
  }
  const unit = plan.remarks.find(({ code }) => code === 'unit-unwrappable');
  if (unit) return `${unit.file} ${unit.message}`;
  const isWrapped = plan.files.some(({ role }) => role === 'wrapper');
  const forbidden = isWrapped && host ? userNamespaces(host) : undefined;
  return forbidden && `${host!.label} lets only root create user namespaces (${forbidden})`;
}

/** Whether a file that the user named has to run with the rights of its owner, which the image does not give it. */
function needsRights({ content, why }: PlannedFile): boolean {
  return content.kind === 'copy' && isNamedByUser(why) && isSetuid(content);
}

function isSetuid({ view, path }: Extract<Content, { kind: 'copy' }>): boolean {
  return (view.stat(path).mode & 0o6000) !== 0;
}

/** Says which program needs what, and why Flix mode does not serve it. */
function describe([first, ...others]: readonly JudgedNeed[], { closures, entries }: Plan): string {
  const { what, evidence } = first!;
  const users = closures.filter(({ objects }) => objects.some(({ real }) => real === evidence.file));
  const user = users.find(({ entry }) => entries.includes(entry.path)) ?? users[0];
  const name = evidence.kind === 'family' ? `${evidence.text} (${what})` : what;
  const count =
    new Set(others.map(other => other.what)).size - (others.some(other => other.what === what) ? 1 : 0);
  const more = count === 0 ? '' : `; ${count} more`;
  return `${user?.entry.path ?? evidence.file} needs ${name}, which Flix mode does not bring: ${reasonOf(first!)}${more}`;
}

function reasonOf({ because: reason }: JudgedNeed): string {
  return reason?.split(';')[0] ?? 'it cannot be brought';
}
