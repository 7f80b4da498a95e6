import type { ScriptsNotRun } from '../staged.ts';
import type { Staging } from '../staging.ts';
import { applyAccounts } from './accounts.ts';
import { applyAlternatives } from './alternatives.ts';
import type { Installed } from './database.ts';
import { commandsIn, type ScriptCommand } from './script-commands.ts';
import { enableUnits } from './units.ts';

/** Files that scripts of the base system copy, by the path of the copy; the first source that exists counts. */
const COPIES: Readonly<Record<string, readonly string[]>> = {
  '/etc/passwd': ['/usr/share/base-passwd/passwd.master'],
  '/etc/group': ['/usr/share/base-passwd/group.master'],
  '/etc/nsswitch.conf': ['/usr/share/libc-bin/nsswitch.conf', '/usr/share/base-files/nsswitch.conf'],
  '/etc/profile': ['/usr/share/base-files/profile'],
};

/** Programs that change a system in ways that no file of a package shows. Directories and modes are left to “flix vendor”. */
const PROGRAMS: ReadonlySet<string> = new Set([
  'dpkg-divert',
  'dpkg-statoverride',
  'fc-cache',
  'gdk-pixbuf-query-loaders',
  'gio-querymodules',
  'glib-compile-schemas',
  'install-info',
  'locale-gen',
  'localedef',
  'make-ssl-cert',
  'openssl',
  'pam-auth-update',
  'setcap',
  'ssh-keygen',
  'ucf',
  'update-alternatives',
  'update-ca-certificates',
  'update-mime-database',
  'xmlcatalog',
  'adduser',
  'deb-systemd-helper',
  'useradd',
]);

const SCRIPTS = ['preinst', 'postinst'];

/** Makes what maintainer scripts would make, as far as it follows from data alone. Returns what is made and what is missing. */
export function replaceScripts(staging: Staging, installed: readonly Installed[]): ScriptsNotRun {
  const made: string[] = [];
  const say = (count: number, one: string, many: string) =>
    void (count > 0 && made.push(`${count} ${count === 1 ? one : many}`));
  const withScripts = installed.filter(({ info }) => SCRIPTS.some(name => info.has(name)));
  const commands = withScripts.flatMap(commandsOf);
  for (const [to, sources] of Object.entries(COPIES)) {
    const from = sources.find(source => staging.readFile(source) !== undefined);
    if (from !== undefined) staging.addFile(to, staging.readFile(from)!, {});
  }
  const done = new Set<ScriptCommand>();
  say(applyAlternatives(staging, commands, done), 'alternative', 'alternatives');
  say(applyAccounts(staging, commands, done), 'account', 'accounts');
  say(copyConfiguration(staging, commands, done), 'configuration file (ucf)', 'configuration files (ucf)');
  say(enableUnits(staging, commands, done), 'enabled unit', 'enabled units');
  if (bundleCertificates(staging)) {
    made.push('the bundle of CA certificates');
    for (const command of commands) if (command.program === 'update-ca-certificates') done.add(command);
  }
  const missing = new Map<string, Set<string>>();
  for (const command of commands) {
    const { program, owner, args } = command;
    if (done.has(command) || !PROGRAMS.has(program) || args.includes('--remove')) continue;
    if (program === 'dpkg-divert' && !args.includes('--add')) continue;
    if (program === 'deb-systemd-helper' && !args.includes('enable')) continue;
    if (!missing.has(program)) missing.set(program, new Set());
    missing.get(program)!.add(owner);
  }
  return {
    packages: withScripts.map(({ name }) => name).sort(),
    made,
    missing: [...missing]
      .map(([program, owners]) => ({ program, packages: [...owners].sort() }))
      .sort((a, b) => (a.program < b.program ? -1 : 1)),
  };
}

function commandsOf({ name, info }: Installed): ScriptCommand[] {
  return SCRIPTS.flatMap(script => commandsIn(info.get(script)?.toString('utf8') ?? '')).flatMap(
    ([program, ...args]) =>
      program === undefined ? [] : [{ owner: name, program: program.replace(/^.*\//, ''), args }],
  );
}

/** The registry of ucf: a line `PACKAGE PATH` for each configuration file (ucfr(1)). */
const REGISTRY = '/var/lib/ucf/registry';

/**
 * Copies files as `ucf SOURCE TARGET` would (ucf(1)), and registers the package of each, so that `flix vendor` brings them.
 * Returns the number of files.
 */
function copyConfiguration(
  staging: Staging,
  commands: readonly ScriptCommand[],
  done: Set<ScriptCommand>,
): number {
  const copied: string[] = [];
  for (const command of commands) {
    if (command.program !== 'ucf') continue;
    const [from, to, ...others] = command.args.filter(word => !word?.startsWith('-'));
    const bytes = from?.startsWith('/usr/') ? staging.readFile(from) : undefined;
    if (!bytes || !to?.startsWith('/etc/') || others.length > 0) continue;
    done.add(command);
    if (staging.addFile(to, bytes, {})) copied.push(`${command.owner} ${to}\n`);
  }
  if (copied.length > 0) staging.replaceFile(REGISTRY, copied.sort().join(''));
  return copied.length;
}

const CERTIFICATES = '/usr/share/ca-certificates';

/** Makes the file that update-ca-certificates(8) makes of all certificates; the links beside it need digests of openssl. */
function bundleCertificates(staging: Staging): boolean {
  const files = staging.filesBelow(CERTIFICATES).filter(path => path.endsWith('.crt'));
  if (files.length === 0) return false;
  const texts = files.map(path => `${staging.readFile(path)!.toString('latin1').trimEnd()}\n`);
  return staging.addFile('/etc/ssl/certs/ca-certificates.crt', Buffer.from(texts.join(''), 'latin1'), {});
}
