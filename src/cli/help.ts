import type { Argument, Command, Help, Option } from 'commander';

const headings = new WeakMap<Option | Command, string>();

/** Puts an option or a command under a heading of its own in the help. */
export function putUnder(heading: string, item: Option | Command): void {
  headings.set(item, heading);
}

const repeatable = new WeakSet<Option>();

export function markRepeatable(option: Option): void {
  repeatable.add(option);
}

const seldom = new WeakSet<Option>();

/** Shows an option only in the help that `--help=all` asks for. */
export function markSeldom(option: Option): void {
  seldom.add(option);
}

let showsAll = false;

/** Makes the help show every option, as `--help=all` does. */
export function showEveryOption(): void {
  showsAll = true;
}

const elsewhere = new WeakMap<Command, { readonly keys: readonly string[]; readonly text: string }>();

/** Replaces options of a command in its help by a text that says where they are described. */
export function describeElsewhere(command: Command, keys: readonly string[], text: string): Command {
  elsewhere.set(command, { keys, text });
  return command;
}

/** What the help lists under one heading. */
export interface HelpSection {
  readonly heading: string;
  readonly items: readonly { readonly term: string; readonly text: string }[];
}

/** The arguments, subcommands and options of a command, grouped under headings. */
export function helpSections(command: Command, helper: Help): HelpSection[] {
  const hidden = elsewhere.get(command)?.keys ?? [];
  const options = helper
    .visibleOptions(command)
    .filter(option => !hidden.includes(option.attributeName()) && (showsAll || !seldom.has(option)));
  return [
    ...grouped('Arguments', helper.visibleArguments(command), argument => ({
      term: helper.argumentTerm(argument),
      text: argument.description,
    })),
    ...grouped('Commands', helper.visibleCommands(command), subcommand => ({
      term: helper.subcommandTerm(subcommand),
      text: helper.subcommandDescription(subcommand),
    })),
    ...grouped('Options', options, option => ({
      term: helper.optionTerm(option),
      text: optionText(option),
    })),
  ];
}

/** Returns where the options are described that the help leaves out. */
export function describedElsewhere(command: Command): string | undefined {
  return elsewhere.get(command)?.text;
}

/** Formats help as commander does, but with options and commands grouped under headings. */
export function formatHelp(command: Command, helper: Help): string {
  const sections = helpSections(command, helper);
  const terms = sections.flatMap(({ items }) => items.map(({ term }) => term.length));
  const width = Math.max(0, ...terms);
  const leftOut = helper.visibleOptions(command).filter(option => seldom.has(option)).length;
  const wrapped = (text: string) => helper.boxWrap(text, helper.helpWidth ?? 80);
  const texts = [
    `Usage: ${helper.commandUsage(command)}`,
    wrapped(helper.commandDescription(command)),
    ...sections.map(({ heading, items }) => {
      const lines = items.map(({ term, text }) => helper.formatItem(term, width, text, helper));
      return `${heading}:\n${lines.join('\n')}`;
    }),
    wrapped(describedElsewhere(command) ?? ''),
    leftOut === 0 || showsAll ? '' : `For ${leftOut} more options: ${command.name()} --help=all`,
  ];
  return `${texts.filter(text => text !== '').join('\n\n')}\n`;
}

/** Returns a section for each heading, in the order in which the headings first occur; the last one also gets the rest. */
function grouped<T extends Argument | Option | Command>(
  only: string,
  all: readonly T[],
  itemOf: (item: T) => HelpSection['items'][number],
): HelpSection[] {
  const otherwise = all.flatMap(item => headings.get(item as Option) ?? []).at(-1) ?? only;
  const sections = new Map<string, HelpSection['items']>();
  for (const item of all) {
    const heading = headings.get(item as Option) ?? otherwise;
    sections.set(heading, [...(sections.get(heading) ?? []), itemOf(item)]);
  }
  return [...sections].map(([heading, items]) => ({ heading, items }));
}

function optionText(option: Option): string {
  const { description, argChoices, defaultValue, negate } = option;
  const facts = [
    ...(repeatable.has(option) ? ['repeatable'] : []),
    ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
    ...(typeof defaultValue === 'string' && !negate ? [`default: ${defaultValue}`] : []),
  ];
  if (facts.length === 0) return description;
  const [, text, own] = /^(.*) \(([^()]*)\)$/.exec(description) ?? [undefined, description];
  return `${text} (${[...(own === undefined ? [] : [own]), ...facts].join('; ')})`;
}
