import fs from 'node:fs';

/**
 * Where file systems are mounted, as this process sees it (proc_pid_mountinfo(5), field 5, blanks as `\040`).
 * `undefined`: /proc is not there.
 */
export function mountPoints(): ReadonlySet<string> | undefined {
  let table: string;
  try {
    table = fs.readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return undefined;
  }
  const points = table.split('\n').flatMap(line => line.split(' ')[4] ?? []);
  return new Set(
    points.map(point =>
      point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
    ),
  );
}
