/** Whether systemd takes a text for true, or for false (systemd src/basic/parse-util.c, parse_boolean); many are neither. */
export function isTrue(text: string): boolean {
  return /^(?:1|yes|y|true|t|on)$/i.test(text);
}

export function isFalse(text: string): boolean {
  return /^(?:0|no|n|false|f|off)$/i.test(text);
}
