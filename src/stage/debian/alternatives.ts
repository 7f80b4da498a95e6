import type { Staging } from '../staging.ts';
import type { ScriptCommand } from './script-commands.ts';

interface Alternative {
  /** The generic path, such as `/usr/bin/editor`. */
  readonly link: string;
  readonly name: string;
  readonly path: string;
}
interface Choice extends Alternative {
  readonly priority: number;
  readonly slaves: readonly Alternative[];
}

const DIRECTORY = '/etc/alternatives';
const DATABASE = '/var/lib/dpkg/alternatives';

/** Makes the links that update-alternatives(1) would make: those of the choice with the highest priority. Returns how many names. */
export function applyAlternatives(
  staging: Staging,
  commands: readonly ScriptCommand[],
  done: Set<ScriptCommand>,
): number {
  const byName = new Map<string, Choice[]>();
  for (const command of commands) {
    const choice = command.program === 'update-alternatives' ? choiceOf(command) : undefined;
    if (!choice) continue;
    done.add(command);
    if (!staging.tree.find(choice.path)) continue;
    byName.set(choice.name, [...(byName.get(choice.name) ?? []), choice]);
  }
  for (const [name, choices] of byName) {
    const best = choices.reduce((a, b) => (b.priority > a.priority ? b : a));
    for (const { link, name: of, path } of [best, ...best.slaves]) {
      if (!staging.tree.find(path)) continue;
      staging.addLink(`${DIRECTORY}/${of}`, path);
      staging.addLink(link, `${DIRECTORY}/${of}`);
    }
    staging.addFile(`${DATABASE}/${name}`, databaseText(choices), {});
  }
  return byName.size;
}

/** Reads `--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…`; `undefined` for another command. */
function choiceOf({ args }: ScriptCommand): Choice | undefined {
  const at = args.indexOf('--install');
  const alternative = (start: number): Alternative | undefined => {
    const [link, name, path] = args.slice(start, start + 3);
    const isPath = (text: string | undefined) => text !== undefined && /^\/[^\n]+$/.test(text);
    return isPath(link) && isPath(path) && name !== undefined && /^[\w.+-]+$/.test(name)
      ? { link: link!, name, path: path! }
      : undefined;
  };
  const main = at < 0 ? undefined : alternative(at + 1);
  const priority = Number(args[at + 4] ?? NaN);
  if (!main || !Number.isInteger(priority)) return undefined;
  const slaves = args.flatMap((word, index) => (word === '--slave' ? [alternative(index + 1)] : []));
  return { ...main, priority, slaves: slaves.flatMap(slave => slave ?? []) };
}

/** Writes the database of a name (dpkg lib/…/update-alternatives.c, alternative_save). */
function databaseText(choices: readonly Choice[]): string {
  const slaves = new Map(choices.flatMap(choice => choice.slaves.map(slave => [slave.name, slave.link])));
  const names = [...slaves].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = ['auto', choices[0]!.link, ...names.flat(), ''];
  for (const { path, priority, slaves: own } of choices) {
    lines.push(path, String(priority));
    for (const [name] of names) lines.push(own.find(slave => slave.name === name)?.path ?? '');
  }
  return `${lines.join('\n')}\n\n`;
}
