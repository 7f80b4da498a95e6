import type { FileRecipe } from '../fixture.ts';

export type Files = Readonly<Record<string, FileRecipe>>;

/** An extension that tests one thing: whether its files for systemd work after a boot. */
export interface ActivationCase {
  /** The name of the extension and of its units. */
  readonly name: string;
  /** The kind of finding, without `activation/`, that is expected if and only if `works` fails. */
  readonly kind: string;
  /** Kinds of findings that are correct in any case. */
  readonly also?: readonly string[];
  readonly files: Files;
  /** A finished tree with a release file, to which `files` are added. */
  readonly tree?: string;
  /** The text of its release file; default: `RELOADS`. */
  readonly release?: string;
  /** Whether it is merged only on the running system. */
  readonly isLate?: boolean;
  /** A script for sh in the guest that exits with 0 if the extension works. */
  readonly works: string;
}

export const SYSTEM = '/usr/lib/systemd/system';
export const RELOADS = 'ID=_any\nEXTENSION_RELOAD_MANAGER=1\n';

export const text = (content: string) => ({ text: content });

export const unit = (name: string, ...lines: readonly string[]): Files => ({
  [`${SYSTEM}/${name}`]: text(`${lines.join('\n')}\n`),
});

/** A service that stays active once it was started. */
export const service = (name: string, ...lines: readonly string[]): Files =>
  unit(
    `${name}.service`,
    ...lines,
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=/bin/true',
  );

/** A drop-in by which an extension starts a unit. */
export const upheld = (to: string, by = 'multi-user.target'): Files =>
  unit(`${by}.d/10-${to}.conf`, '[Unit]', `Upholds=${to}`);

export const link = (from: string, how: string, to: string): Files => ({
  [`${SYSTEM}/${from}.${how}/${to}`]: { link: `../${to}` },
});

export const active = (name: string) => `systemctl is-active ${name}`;
