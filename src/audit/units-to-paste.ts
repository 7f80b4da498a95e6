/** Units and drop-ins that a fix gives to paste. */

const SYSTEM = '/usr/lib/systemd/system';

/** Returns the advice to add a drop-in by which one unit upholds another. @param by such as `multi-user.target` */
export function upholdDropIn(extension: string, by: string, unit: string): string {
  return `Add ${SYSTEM}/${by}.d/10-${extension}.conf:
[Unit]
Upholds=${unit}`;
}

/** Says where a unit belongs: to a target that upholds it. */
export function upheldByTarget(extension: string, unit: string): string {
  return `, in ${SYSTEM}/multi-user.target.d/10-${extension}.conf, “[Unit]” and “Upholds=${unit}”`;
}

/** Says where a unit belongs: to a unit that requires it. */
export function requiredBy(user: string, unit: string): string {
  return `, in ${SYSTEM}/${user}.d/accounts.conf, “[Unit]”, “Requires=${unit}” and “After=${unit}”`;
}

/**
 * Returns the advice to add a unit that runs commands once after the merge.
 * @param place what else has to be written
 * @param after more units that it comes after, each with a space before it
 */
export function oneshotUnit(
  unit: string,
  place: string,
  description: string,
  after: string,
  commands: readonly string[],
): string {
  return `Add ${SYSTEM}/${unit} and${place}:
[Unit]
Description=${description}
DefaultDependencies=no
After=systemd-sysext.service${after}
[Service]
Type=oneshot
RemainAfterExit=yes
${commands.map(command => `ExecStart=${command}`).join('\n')}`;
}
