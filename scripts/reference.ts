/**
 * Writes docs/commands.md and the schemas of docs/ from the commands themselves; with --check it only says whether they
 * are up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { commands } from '../src/cli/commands.ts';
import { recipeKeys } from '../src/cli/recipe-file.ts';
import { auditSchema } from './schemas/audit.ts';
import { DRAFT } from './schemas/json-schema.ts';

const files = {
  'docs/commands.md': await commandReference(),
  'docs/flix.schema.json': asJson(recipeSchema()),
  'docs/audit.schema.json': asJson(auditSchema()),
};

if (process.argv.includes('--check')) {
  const stale = Object.entries(files).filter(([file, text]) => read(file) !== text);
  for (const [file] of stale) console.error(`${file} is not what the commands say: run npm run reference`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else for (const [file, text] of Object.entries(files)) writeFileSync(file, text);

async function commandReference(): Promise<string> {
  const sections = ['# Commands\n\nGenerated from the commands: `npm run reference`.\n'];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = await load();
    sections.push(
      `## flix ${name}\n\n${summary[0]!.toUpperCase()}${summary.slice(1)}.\n\n${[command, ...command.commands].map(helpOf).join('\n')}`,
    );
  }
  return sections.join('\n');
}

function helpOf(command: Command): string {
  let help = '';
  command.configureHelp({ helpWidth: 110 }).configureOutput({ writeOut: text => (help += text) });
  command.outputHelp();
  return `\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
}

function recipeSchema(): object {
  const properties = Object.entries(recipeKeys).map(([key, { type, about }]) => [
    key,
    { ...schemaOf(type), description: about },
  ]);
  return {
    $schema: DRAFT,
    title: 'flix.json',
    description: 'A recipe of flix vendor',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(properties) },
    additionalProperties: false,
  };
}

function schemaOf(type: (typeof recipeKeys)[string]['type']): object {
  if (typeof type === 'object') return { enum: type.oneOf };
  if (type === 'allowances')
    return {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          finding: { type: 'string', description: 'a glob of kinds: shadowing/*' },
          path: { type: 'string', description: 'a glob of the file or the culprit' },
          extension: { type: 'string', description: 'a glob of names' },
          reason: { type: 'string', minLength: 1 },
          until: { type: 'string', format: 'date', description: 'the last day on which it holds' },
        },
        required: ['finding', 'reason', 'until'],
        additionalProperties: false,
      },
    };
  if (type === 'flag') return { type: 'boolean' };
  if (type === 'list' || type === 'directories') return { type: 'array', items: { type: 'string' } };
  return { type: 'string' };
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
