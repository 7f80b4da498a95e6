import { createColors } from 'picocolors';

/** Emphasis in text on a terminal. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly noted: (text: string) => string;
}

/** How text for a terminal is formatted. */
export interface TextFormat {
  readonly style: Style;
  /** Whether several roots take part, so that each object is shown with the root that provides it. */
  readonly several: boolean;
}

/** @param colour whether the terminal shows colour */
export function style(colour: boolean): Style {
  const { bold, dim, red, yellow, cyan } = createColors(colour);
  return { strong: bold, faint: dim, bad: red, doubtful: yellow, noted: cyan };
}

/** Returns the emphasis of a severity. */
export function ofSeverity(
  { bad, doubtful, noted }: Style,
  severity: 'error' | 'warning' | 'info',
): (text: string) => string {
  return { error: bad, warning: doubtful, info: noted }[severity];
}
