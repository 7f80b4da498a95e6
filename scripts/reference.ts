/**
 * Writes docs/commands.md, the manual page, the completion and the schemas of docs/ from the commands. With --check, writes nothing and fails if one of
 * them is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { commands } from '../src/cli/commands.ts';
import { showEveryOption } from '../src/cli/help.ts';
import { type RecipeKey, type RecipeKeys, recipeKeys } from '../src/cli/recipe-keys.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './reference/completion.ts';
import { manualPage } from './reference/manual-page.ts';
import { auditSchema } from './schemas/audit.ts';
import { DRAFT } from './schemas/json-schema.ts';

showEveryOption();
const files = {
  'docs/commands.md': await commandReference(),
  'docs/flix.1': manualPage(await loadCommands()),
  'docs/flix.bash': bashCompletion(await loadCommands()),
  'docs/flix.fish': fishCompletion(await loadCommands()),
  'docs/_flix': zshCompletion(await loadCommands()),
  'docs/flix.schema.json': asJson(recipeSchema()),
  'docs/audit.schema.json': asJson(auditSchema()),
};

if (process.argv.includes('--check')) {
  const stale = Object.entries(files).filter(([file, text]) => read(file) !== text);
  for (const [file] of stale) console.error(`${file} is out of date: run “npm run reference”`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else for (const [file, text] of Object.entries(files)) writeFileSync(file, text);

async function commandReference(): Promise<string> {
  const sections = ['# Commands\n\nGenerated from the commands by `npm run reference`.\n'];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = await load();
    sections.push(
      `## flix ${name}\n\n${summary[0]!.toUpperCase()}${summary.slice(1)}.\n\n${[command, ...command.commands].map(helpOf).join('\n')}`,
    );
  }
  return sections.join('\n');
}

/** Every command and subcommand, by the words that call it. */
async function loadCommands(): Promise<Map<string, Command>> {
  const all = new Map<string, Command>();
  for (const [name, { load }] of Object.entries(commands)) {
    const command = await load();
    all.set(name, command);
    for (const subcommand of command.commands) all.set(`${name} ${subcommand.name()}`, subcommand);
  }
  return all;
}

function helpOf(command: Command): string {
  let help = '';
  command
    .configureHelp({ ...command.configureHelp(), helpWidth: 110 })
    .configureOutput({ writeOut: text => (help += text) });
  command.outputHelp();
  return `\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
}

function recipeSchema(): object {
  const { properties, ...rest } = objectSchema(recipeKeys);
  return {
    $schema: DRAFT,
    title: 'flix.json',
    description:
      'The recipe of an extension: arguments and options of flix vendor, what flix audit accepts, and what flix build does',
    ...rest,
    properties: { $schema: { type: 'string' }, ...properties },
  };
}

function objectSchema(keys: RecipeKeys) {
  const required = Object.keys(keys).filter(key => keys[key]!.required);
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(keys).map(([key, row]) => [key, { ...schemaOf(row), description: row.help }]),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function schemaOf({ type, choices, pattern, members }: RecipeKey): object {
  const text = choices
    ? { enum: choices }
    : { type: 'string', ...(pattern && { pattern: pattern.matches.source }) };
  switch (type) {
    case 'switch':
      return { type: 'boolean' };
    case 'number':
      return { type: 'integer' };
    case 'object':
      return objectSchema(members!);
    case 'objects':
      return { type: 'array', items: objectSchema(members!) };
    case 'lines':
      return { anyOf: [text, { type: 'array', items: text }] };
    default:
      return type === 'list' || type === 'paths' ? { type: 'array', items: text } : text;
  }
}

function asJson(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
