/**
 * Whether systemd reads a text as true (systemd src/basic/parse-util.c, parse_boolean). A text that is neither true nor
 * false is an error for systemd.
 */
export function isTrue(text: string): boolean {
  return /^(?:1|yes|y|true|t|on)$/i.test(text);
}

/** Whether systemd reads a text as false. */
export function isFalse(text: string): boolean {
  return /^(?:0|no|n|false|f|off)$/i.test(text);
}
