/** Directories of the system manager (systemd.unit(5), SPECIFIERS). */
const DIRECTORIES: Readonly<Record<string, string>> = {
  t: '/run',
  S: '/var/lib',
  C: '/var/cache',
  L: '/var/log',
  E: '/etc',
  T: '/tmp',
  V: '/var/tmp',
  h: '/root',
  u: 'root',
  g: 'root',
  U: '0',
  G: '0',
};

/**
 * Expands the specifiers of a text in a system unit. `undefined`: it contains one whose value only the running system
 * knows, such as `%m`.
 *
 * @param unit the name of the unit; without one, as in tmpfiles.d, the specifiers about units are unknown
 */
export function expandSpecifiers(text: string, unit?: string): string | undefined {
  let isKnown = true;
  const expanded = text.replaceAll(/%(.)/gs, (_, letter: string) => {
    const value = letter === '%' ? '%' : (DIRECTORIES[letter] ?? ofUnit(letter, unit));
    if (value === undefined) isKnown = false;
    return value ?? '';
  });
  return isKnown ? expanded : undefined;
}

function ofUnit(letter: string, unit: string | undefined): string | undefined {
  const [, prefix, instance, type] = /^([^@]+)(?:@(.*))?\.([a-z]+)$/s.exec(unit ?? '') ?? [];
  // a template has no instance until somebody starts one
  if (prefix === undefined || type === undefined || instance === '') return undefined;
  switch (letter) {
    case 'n':
      return unit;
    case 'N':
      return unit!.slice(0, -type.length - 1);
    case 'p':
      return prefix;
    case 'P':
      return prefix.includes('\\') ? undefined : prefix.replaceAll('-', '/');
    case 'i':
      return instance;
    case 'I':
      return instance?.includes('\\') ? undefined : instance?.replaceAll('-', '/');
    default:
      return undefined;
  }
}
