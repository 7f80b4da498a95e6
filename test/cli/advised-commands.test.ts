import fs from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

/** A mention of a command of flix: `vendor --dlopen NAME`. */
interface Mention {
  readonly file: string;
  readonly text: string;
  /** Whether quotes or a code block delimit it; otherwise prose follows, and only its options can be checked. */
  readonly exact: boolean;
}

const filesBelow = (directory: string, ending: string) =>
  fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith(ending))
    .map(file => `${directory}/${file}`)
    .sort();

const FLIX = /\bflix(?:\.mjs|\.js)? (?=[a-z])/g;
const CLOSING: Readonly<Record<string, string>> = { '`': '`', '“': '”', '"': '"' };

/** Finds mentions in running text. An opening quote right before `flix` ends at its closing quote. */
function inText(text: string, file: string, ends: RegExp): Mention[] {
  return Array.from(text.matchAll(FLIX), ({ 0: start, index }) => {
    const rest = text.slice(index + start.length);
    const closing = CLOSING[text[index - 1] ?? ''];
    const quoted = closing === undefined ? undefined : rest.split(closing, 1)[0]!;
    return { file, text: quoted ?? rest.split(ends, 1)[0]!, exact: quoted !== undefined };
  });
}

/** Finds mentions in string literals and comments: literals that are joined by `+` count as one. */
function inSource(file: string): Mention[] {
  const joined = fs
    .readFileSync(file, 'utf8')
    .replace(/(?<!\\)['`] \+\n\s*['`]/g, '')
    .replace(/\$\{[^{}]*\}/g, 'X');
  return inText(joined, file, /['`\n]|[.;:)](?:\s|$)/);
}

/** Finds mentions in the code blocks and in the text of a page. */
function inPage(file: string): Mention[] {
  const parts = fs.readFileSync(file, 'utf8').split(/^```.*\n/m);
  // the reference is the help of the commands, which is prose in a code block
  const isReference = file.endsWith('commands.md');
  return parts.flatMap((part, index) => {
    const isCode = index % 2 === 1 && !isReference;
    if (!isCode) return inText(part.replace(/\s+/g, ' '), file, /[.;:)](?:\s|$)/);
    const lines = part.replace(/\\\n/g, ' ').split('\n');
    return lines.flatMap(line =>
      inText(line.replace(/(?:^|\s)#.*/, ''), file, /[|>&;)]/).map(mention => ({ ...mention, exact: true })),
    );
  });
}

/** Words of a command line without what stands for something left out: `…`, `[path...]`. */
function words(text: string): string[] {
  const all = text.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return all
    .filter(word => !/^(?:…|\.\.\.|\[.*|.*\])$/.test(word))
    .map(word => word.replace(/^["']|["']$/g, ''));
}

function withoutAction(command: Command): Command {
  command
    .exitOverride(error => {
      throw error;
    })
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined });
  if (command.commands.length === 0) command.action(() => undefined);
  command.commands.forEach(withoutAction);
  return command;
}

/** A mention need not be complete: “flix vendor --dlopen” names an option, and gives no root. */
const FAULTS = new Set(['commander.unknownOption', 'commander.unknownCommand', 'commander.excessArguments']);

async function faultOf({ text, exact }: Mention): Promise<string | undefined> {
  const [name = '', ...rest] = words(text);
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) return exact ? `there is no command ${name}` : undefined;
  const command = withoutAction(await entry.load());
  const target = command.commands.find(sub => sub.name() === rest[0]) ?? command;
  const options = rest.flatMap(word => /^--[a-z][a-z-]*/.exec(word) ?? []);
  try {
    if (exact) command.parse(rest, { from: 'user' });
    else for (const option of options) target.parse([option], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && FAULTS.has(error.code)) return error.message;
  }
  return undefined;
}

describe.each([
  ['the messages, help and comments of the program', filesBelow('src', '.ts').flatMap(inSource)],
  ['the documentation', ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')].flatMap(inPage)],
])('%s', (_, mentions) => {
  it('name only commands and options that exist', async () => {
    const faults: string[] = [];
    for (const mention of mentions) {
      const fault = await faultOf(mention);
      if (fault !== undefined) faults.push(`${mention.file}: flix ${mention.text}: ${fault}`);
    }
    expect(mentions.length).toBeGreaterThan(50);
    expect(faults).toEqual([]);
  });
});

describe('the check of mentions', () => {
  const mention = (text: string, exact = true) => ({ file: 'page', text, exact });

  it('refuses an unknown option and an unknown command', async () => {
    expect(await faultOf(mention('pack --selinux FILE_CONTEXTS'))).toContain("unknown option '--selinux'");
    expect(await faultOf(mention('pack --selinux writes labels', false))).toContain('unknown option');
    expect(await faultOf(mention('host forget'))).toContain('unknown command');
    expect(await faultOf(mention('upgrade'))).toBe('there is no command upgrade');
  });

  it('accepts a command that is not complete', async () => {
    expect(await faultOf(mention('vendor --dlopen'))).toBeUndefined();
    expect(await faultOf(mention('audit … --write-baseline <file>'))).toBeUndefined();
  });
});

/** A command of systemd or another tool that a finding advises. */
interface Advice {
  readonly file: string;
  readonly tool: string;
  readonly words: readonly string[];
}

const TOOLS =
  'systemctl|busctl|udevadm|systemd-(?:sysext|confext|sysusers|tmpfiles|hwdb)|patchelf|setfattr|setcap|chmod|chown|ldconfig|depmod|insmod|uname|ln';

/** Options of versions that the advice names and that this machine may not have. */
const NEWER = new Set(['patchelf --clear-execstack']);

/** Finds commands after an opening quote, `ExecStart=` or a verb; they end where prose goes on. */
function adviceIn(file: string): Advice[] {
  const text = fs
    .readFileSync(file, 'utf8')
    .replace(/(?<!\\)['`] \+\n\s*['`]/g, '')
    .replace(/\$\{[^{}]*\}/g, 'X');
  const found = text.matchAll(
    RegExp(`(?:“|ExecStart(?:Pre|Post)?=\\+?|[Rr]un |\\()((?:${TOOLS}) [^”'\`\n,;()]+)`, 'g'),
  );
  return Array.from(found, ([, command]) => {
    const [tool = '', ...rest] = command!.trim().split(/\.?\s+/);
    return { file, tool, words: rest };
  });
}

/** The options and words that a tool names in its help; `undefined`: it is not installed. */
const helpOf = memoisedHelp();

function memoisedHelp(): (tool: string) => Promise<string | undefined> {
  const known = new Map<string, string | undefined>();
  return async tool => {
    if (!known.has(tool)) known.set(tool, await askHelp(tool));
    return known.get(tool);
  };
}

/** systemd of a booted host answers with its options only if it is asked inside its own root. */
async function askHelp(tool: string): Promise<string | undefined> {
  const isSystemd = /^(?:systemctl|busctl|udevadm|systemd-)/.test(tool);
  if (isSystemd && !has('chroot', 'archive')) return undefined;
  const command = isSystemd ? ['chroot', await labRoot('host-trixie'), tool] : [tool];
  const { stdout, stderr, exitCode, code } = execaSync(command[0]!, [...command.slice(1), '--help'], {
    reject: false,
    env: { SYSTEMD_PAGER: '', LC_ALL: 'C' },
  });
  // 127 comes from chroot
  return code === 'ENOENT' || exitCode === 127 ? undefined : stdout + stderr;
}

/** Words of a tool that its help does not name: `unmask` of systemctl, `--create` of systemd-tmpfiles. */
async function unknownTo({ tool, words: given }: Advice): Promise<readonly string[] | undefined> {
  const help = await helpOf(tool);
  if (help === undefined) return undefined;
  const options = given.flatMap(word => /^--?[a-zA-Z][a-z-]*/.exec(word) ?? []);
  const verbs = /^(?:systemctl|busctl|udevadm|systemd-(?:sysext|confext|hwdb))$/.test(tool)
    ? given.filter(word => !word.startsWith('-')).slice(0, 1)
    : [];
  const names = (word: string) => RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(help);
  // chmod, ln and the like document single letters together
  return [...verbs, ...options.filter(option => option.startsWith('--'))].filter(
    word => !names(word) && !NEWER.has(`${tool} ${word}`),
  );
}

describe('the fixes of the audit', () => {
  const advice = [...filesBelow('src/audit', '.ts'), ...filesBelow('docs/findings', '.md')].flatMap(adviceIn);

  it('name commands and options of other tools that exist', { timeout: 60_000 }, async () => {
    const faults: string[] = [];
    let asked = 0;
    for (const each of advice) {
      const unknown = await unknownTo(each);
      if (unknown === undefined) continue;
      asked++;
      for (const word of unknown)
        faults.push(`${each.file}: ${each.tool} ${each.words.join(' ')}: ${each.tool} has no ${word}`);
    }
    expect(advice.length).toBeGreaterThan(20);
    if (has('chroot', 'archive')) expect(asked).toBeGreaterThan(15);
    expect(faults).toEqual([]);
  });

  it.runIf(has('chroot', 'archive'))('are checked: an unknown verb or option is found', async () => {
    const unknown = (tool: string, ...given: string[]) => unknownTo({ file: 'page', tool, words: given });
    expect(await unknown('systemctl', 'unmask', 'x.service')).toEqual([]);
    expect(await unknown('systemctl', 'unhide', 'x.service')).toEqual(['unhide']);
    expect(await unknown('systemd-sysext', 'merge', '--mutable=yes')).toEqual([]);
    expect(await unknown('systemd-tmpfiles', '--make', 'x.conf')).toEqual(['--make']);
  });
});
