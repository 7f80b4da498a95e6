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

const elsewhere = new WeakMap<Command, { readonly keys: readonly string[]; readonly text: string }>();

/** Replaces options of a command in its help by a text that says where they are described. */
export function describeElsewhere(command: Command, keys: readonly string[], text: string): Command {
  elsewhere.set(command, { keys, text });
  return command;
}

/** Formats help as commander does, but with options and commands grouped under headings. */
export function formatHelp(command: Command, helper: Help): string {
  const hidden = elsewhere.get(command);
  const options = helper
    .visibleOptions(command)
    .filter(option => !hidden?.keys.includes(option.attributeName()));
  const subcommands = helper.visibleCommands(command);
  const arguments_ = helper.visibleArguments(command);
  const terms = [
    ...arguments_.map(argument => helper.argumentTerm(argument)),
    ...options.map(option => helper.optionTerm(option)),
    ...subcommands.map(subcommand => helper.subcommandTerm(subcommand)),
  ];
  const width = Math.max(0, ...terms.map(term => term.length));
  const item = (term: string, text: string) => helper.formatItem(term, width, text, helper);
  const wrapped = (text: string) => helper.boxWrap(text, helper.helpWidth ?? 80);
  const sections = [
    `Usage: ${helper.commandUsage(command)}`,
    wrapped(helper.commandDescription(command)),
    ...groups('Arguments', arguments_, argument => item(helper.argumentTerm(argument), argument.description)),
    ...groups('Commands', subcommands, subcommand =>
      item(helper.subcommandTerm(subcommand), helper.subcommandDescription(subcommand)),
    ),
    ...groups('Options', options, option => item(helper.optionTerm(option), optionText(option))),
    ...(hidden ? [wrapped(hidden.text)] : []),
  ];
  return `${sections.filter(section => section !== '').join('\n\n')}\n`;
}

/** Returns a section for each heading, in the order in which the headings first occur; the last one also gets the rest. */
function groups<T extends Argument | Option | Command>(
  only: string,
  items: readonly T[],
  line: (item: T) => string,
): string[] {
  const otherwise = items.flatMap(item => headings.get(item as Option) ?? []).at(-1) ?? only;
  const sections = new Map<string, string[]>();
  for (const item of items) {
    const heading = headings.get(item as Option) ?? otherwise;
    sections.set(heading, [...(sections.get(heading) ?? []), line(item)]);
  }
  return [...sections].map(([heading, lines]) => `${heading}:\n${lines.join('\n')}`);
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
