import type { ScriptsNotRun } from '../staged.ts';
import type { Staging } from '../staging.ts';
import { Accounts } from './accounts.ts';
import { applyAlternatives } from './alternatives.ts';
import type { Installed } from './database.ts';
import { applyDirectories, kindIn } from './directories.ts';
import { followScripts, hasScripts, type ScriptCommand } from './script-commands.ts';
import { Units } from './units.ts';

/** Files that scripts of the base system copy, by the path of the copy; the first source that exists counts. */
const COPIES: Readonly<Record<string, readonly string[]>> = {
  '/etc/passwd': ['/usr/share/base-passwd/passwd.master'],
  '/etc/group': ['/usr/share/base-passwd/group.master'],
  '/etc/nsswitch.conf': ['/usr/share/libc-bin/nsswitch.conf', '/usr/share/base-files/nsswitch.conf'],
  '/etc/profile': ['/usr/share/base-files/profile'],
};

/** Programs that change a system in ways that no file of a package shows, apart from directories, modes and owners. */
const PROGRAMS: ReadonlySet<string> = new Set([
  'dpkg-divert',
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

/** Makes what maintainer scripts would make, as far as it follows from data alone. Returns what is made and what is missing. */
export function replaceScripts(staging: Staging, installed: readonly Installed[]): ScriptsNotRun {
  const made: string[] = [];
  const say = (count: number, one: string, many: string) =>
    void (count > 0 && made.push(`${count} ${count === 1 ? one : many}`));
  const withScripts = installed.filter(hasScripts);
  for (const [to, sources] of Object.entries(COPIES)) {
    const from = sources.find(source => staging.readFile(source) !== undefined);
    if (from !== undefined) staging.addFile(to, staging.readFile(from)!, {});
  }
  const kind = kindIn(staging);
  const commands: ScriptCommand[] = [];
  const done = new Set<ScriptCommand>();
  const accounts = new Accounts(staging);
  const units = new Units();
  for (const owner of withScripts)
    followScripts(owner, kind, command => {
      commands.push(command);
      if (command.program === 'getent') return accounts.isThere(command.args);
      if (accounts.apply(command)) done.add(command);
      const status = units.run(command);
      if (status !== undefined) done.add(command);
      return status;
    });
  accounts.write();
  say(applyAlternatives(staging, commands, done), 'alternative', 'alternatives');
  say(accounts.count, 'account', 'accounts');
  say(copyConfiguration(staging, commands, done), 'configuration file (ucf)', 'configuration files (ucf)');
  say(units.link(staging), 'enabled unit', 'enabled units');
  if (bundleCertificates(staging)) {
    made.push('the bundle of CA certificates');
    for (const command of commands) if (command.program === 'update-ca-certificates') done.add(command);
  }
  const { count, left } = applyDirectories(staging, withScripts, accounts);
  say(count, 'directory, mode or owner', 'directories, modes and owners');
  const missing = new Map<string, Set<string>>();
  const isMissing = (command: ScriptCommand) =>
    PROGRAMS.has(command.program) &&
    !done.has(command) &&
    !command.args.includes('--remove') &&
    (command.program !== 'dpkg-divert' || command.args.includes('--add')) &&
    (command.program !== 'deb-systemd-helper' || command.args.includes('enable'));
  for (const { program, owner } of [...commands.filter(isMissing), ...left]) {
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
