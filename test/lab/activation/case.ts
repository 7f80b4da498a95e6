import type { FileRecipe } from '../fixture.ts';

export type Files = Readonly<Record<string, FileRecipe>>;

/** One extension that shows one thing: whether what it brings for systemd works after a boot. */
export interface ActivationCase {
  /** Of the extension, and of what is in it. */
  readonly name: string;
  /** Of finding, without `activation/`: there is one if what is asked for does not work, and only then. */
  readonly kind: string;
  /** Kinds that it has in any case, rightly. */
  readonly also?: readonly string[];
  readonly files: Files;
  /** The text of its release file; default `RELOADS`. */
  readonly release?: string;
  /** It is merged on the running system, when its turn comes. */
  readonly isLate?: boolean;
  /** For sh in the guest; ends with 0 if it works. */
  readonly works: string;
}

export const SYSTEM = '/usr/lib/systemd/system';
export const RELOADS = 'ID=_any\nEXTENSION_RELOAD_MANAGER=1\n';

export const text = (content: string) => ({ text: content });

export const unit = (name: string, ...lines: readonly string[]): Files => ({
  [`${SYSTEM}/${name}`]: text(`${lines.join('\n')}\n`),
});

/** A service that stays once it was started. */
export const service = (name: string, ...lines: readonly string[]): Files =>
  unit(
    `${name}.service`,
    ...lines,
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=/bin/true',
  );

/** The way in which an extension starts a unit. */
export const upheld = (to: string, by = 'multi-user.target'): Files =>
  unit(`${by}.d/10-${to}.conf`, '[Unit]', `Upholds=${to}`);

export const link = (from: string, how: string, to: string): Files => ({
  [`${SYSTEM}/${from}.${how}/${to}`]: { link: `../${to}` },
});

export const active = (name: string) => `systemctl is-active ${name}`;
