import { createColors } from 'picocolors';

/** Emphasis in text for people. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** How text for people is written. */
export interface TextFormat {
  readonly style: Style;
  /** Several roots take part: say of each object which one provides it. */
  readonly several: boolean;
}

/** @param colour whether the text goes to a terminal that shows it */
export function style(colour: boolean): Style {
  const { bold, dim, red } = createColors(colour);
  return { strong: bold, faint: dim, bad: red };
}
