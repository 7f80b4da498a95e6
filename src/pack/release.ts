import { FlixError } from '../errors.ts';
import type { ExtensionRules } from '../systemd/extension-type.ts';
import { parseAssignments } from '../view/os-release.ts';
import type { Scope } from '../systemd/image-type.ts';

/** What the user wants a release file to say; what is left open stays as the tree has it. */
export interface ReleaseRequest {
  /** `_any`, or the host's `ID=`. */
  readonly id?: string;
  readonly versionId?: string;
  /** `SYSEXT_LEVEL=` or `CONFEXT_LEVEL=`. */
  readonly level?: string;
  readonly scope?: readonly Scope[];
  readonly reloadManager?: boolean;
}

/** A value that needs no quotes; the keys that are written here take no others. */
const PLAIN = /^[A-Za-z0-9._+:~^-]+$/;

/**
 * The text of a release file: the tree's own with the wishes in it. A tree without one gets `ID=_any`, and any gets
 * the architecture of its programs. Throws `FlixError`: `bad-release-value`, `no-id`, `wrong-architecture`.
 *
 * @param present of the tree; `undefined`: it has none
 * @param architecture in systemd's spelling; `undefined`: no file decides it
 */
export function composeRelease(
  present: string | undefined,
  request: ReleaseRequest,
  { levelKey, scopeKey }: Pick<ExtensionRules, 'levelKey' | 'scopeKey'>,
  architecture: string | undefined,
): string {
  const before = parseAssignments(present ?? '');
  const id = request.id ?? (present === undefined ? '_any' : before.get('ID'));
  if (id === undefined || id === '')
    throw new FlixError(
      'input',
      'no-id',
      'the extension-release file has no ID=: systemd would ignore the image',
      'ID=_any fits every host and is right for what is self-contained; --os-id names one',
    );
  const declared = before.get('ARCHITECTURE');
  if (declared && declared !== '_any' && architecture !== undefined && declared !== architecture)
    throw new FlixError(
      'input',
      'wrong-architecture',
      `the extension-release file says ARCHITECTURE=${declared}, and the programs are for ${architecture}`,
      'correct that line, or take it out: it is written from the programs',
    );
  // an ID that is named binds anew: what bound the tree to another system must not stay
  const bound = request.id === undefined ? {} : { VERSION_ID: request.versionId, [levelKey]: request.level };
  const values: Record<string, string | undefined> = {
    ID: id,
    ...bound,
    ...(!declared && architecture !== undefined && { ARCHITECTURE: architecture }),
    ...(request.scope && { [scopeKey]: request.scope.join(' ') }),
    ...(request.reloadManager !== undefined && {
      EXTENSION_RELOAD_MANAGER: request.reloadManager ? '1' : '0',
    }),
  };
  for (const [key, value] of Object.entries(values))
    if (value !== undefined && key !== scopeKey && !PLAIN.test(value))
      throw new FlixError('input', 'bad-release-value', `${key}=${value} cannot stand in a release file`);
  return withValues(present ?? '', before, values);
}

/** Lines that say the same already stay as they are, with comments and order. */
function withValues(
  text: string,
  before: ReadonlyMap<string, string>,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const changed = Object.entries(values).filter(([key, value]) => before.get(key) !== value);
  if (changed.length === 0) return text;
  const gone = new Set(changed.map(([key]) => key));
  const kept = text.split('\n').filter(line => line !== '' && !gone.has(line.split('=', 1)[0]!.trim()));
  const added = changed.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${PLAIN.test(value) ? value : `"${value}"`}`],
  );
  return [...kept, ...added].map(line => `${line}\n`).join('');
}
