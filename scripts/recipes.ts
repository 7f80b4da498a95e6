/**
 * Writes docs/recipes.md from the document of `flix build --json` about the recipes of recipes/, from its plan, and from the
 * reports of the audits. `npm run recipes` makes them and calls it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { findingsText, testsText } from '../src/report/build.ts';
import { size } from '../src/report/numbers.ts';
import { measured, type PlannedJob } from './recipes-measure.ts';

interface Finding {
  readonly kind: string;
  readonly severity: string;
  readonly message: string;
  readonly fix: string;
}

interface Built {
  readonly name: string;
  readonly findings: Readonly<Record<string, number>> | null;
  readonly images: readonly { readonly path: string; readonly bytes: number | null }[];
  readonly jobs: readonly {
    readonly id: string;
    readonly step: string;
    readonly outcome: string;
    readonly ms: number;
  }[];
}

interface RecipeFile {
  readonly name?: string;
  readonly package: readonly string[];
  readonly root: string;
  readonly hosts: readonly string[];
  readonly tests: readonly { readonly run: string | readonly string[]; readonly user?: readonly string[] }[];
}

const [out] = process.argv.slice(2) as [string];
const documentIn = (name: string): unknown => JSON.parse(fs.readFileSync(path.join(out, name), 'utf8'));
const { extensions } = documentIn('result.json') as { readonly extensions: readonly Built[] };
const { jobs } = documentIn('plan.json') as { readonly jobs: readonly PlannedJob[] };
const recipes = fs
  .readdirSync('recipes')
  .sort()
  .map(name => ({
    file: name,
    recipe: JSON.parse(fs.readFileSync(path.join('recipes', name), 'utf8')) as RecipeFile,
  }));
const FORMATS = ['ddi', 'squashfs'];

const rows = recipes.map(({ file: name, recipe }) => {
  const built = extensions.find(each => each.name === (recipe.name ?? recipe.package[0]))!;
  const images = FORMATS.map(format => built.images.find(image => image.path.includes(`/${format}/`)));
  const { flix, first } = measured(built.name, jobs, out);
  return [
    `[${built.name}](../recipes/${name})`,
    recipe.root,
    ...images.map(image => (image?.bytes ? size(image.bytes) : '–')),
    first ? size(first.bytes) : '–',
    findingsText(built.findings),
    testsText(built.jobs),
    secondsText(flix),
    first ? secondsText(first) : '–',
  ];
});

const FIRST = 'first generation';
const head = ['recipe', 'from', ...FORMATS, FIRST, 'findings', 'tests', 'seconds', `${FIRST}, seconds`];
const lines = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`);
const commit = execaSync('git', ['rev-parse', '--short=12', 'HEAD']).stdout;
const date = new Date().toISOString().slice(0, 10);
fs.writeFileSync(
  'docs/recipes.md',
  `# Recipes that work

Written by \`npm run recipes\` on ${date} at commit ${commit}. Do not edit it.

Each recipe of \`recipes/\` is built from the archive of Debian by one command, \`flix build recipes/*.json\`, audited over a minimal
host of each release that it names, and tested there without a network, as root and, where its work does not take root, as an
ordinary user. [build.md](build.md) says how to write a recipe.

- **findings**: those of the audit over all hosts of the recipe; errors and warnings are listed [below](#findings).
- **tests**: the smoke tests that passed; each runs once for each host and user.
- **seconds**: processor time for vendoring the staged root, and for making the squashfs image, which flix compresses as far as
  it can (“--compression fast” does not).
- **first generation**: the squashfs image (gzip) that a script in the manner of the first generation makes of the dynamic
  programs of the same root (\`scripts/bench/first-generation\`): it copies and patches libraries, and brings no data, modules,
  units, accounts or configuration, proves nothing, and often does not work. “–”: the package has no dynamic program.

${staticText()} Jobs that had not changed since an earlier build with the same code of flix were not repeated.

${lines.join('\n')}

## Smoke tests

${recipes.map(({ recipe }) => testText(recipe)).join('\n')}

## Findings

${recipes.flatMap(({ recipe }) => findingLines(recipe)).join('\n')}
`,
);

function secondsText({ vendor, image }: { readonly vendor: number; readonly image: number }): string {
  return `${vendor.toFixed(1)} + ${image.toFixed(1)}`;
}

/** Says which of the packages Debian also builds statically, as `NAME-static`. */
function staticText(): string {
  const names = new Set(execaSync('apt-cache', ['pkgnames']).stdout.split('\n'));
  const found = recipes.flatMap(({ recipe }) =>
    recipe.package.map(name => `${name}-static`).filter(name => names.has(name)),
  );
  if (found.length > 0) return `Debian has static builds: ${found.join(', ')}.`;
  return 'There is no column for static builds, because the archive of Debian has no package NAME-static for any of these packages.';
}

function findingsOf(name: string): Finding[] {
  const report = path.join(out, name, 'audit.json');
  return (JSON.parse(fs.readFileSync(report, 'utf8')) as { readonly findings: Finding[] }).findings;
}

function testText({ name, package: packages, tests }: RecipeFile): string {
  const scripts = tests.map(({ run }) => (typeof run === 'string' ? run : run.join('\n')));
  return `### ${name ?? packages[0]}\n\n\`\`\`sh\n${scripts.join('\n\n')}\n\`\`\`\n`;
}

function findingLines({ name, package: packages }: RecipeFile): string[] {
  const extension = name ?? packages[0]!;
  const serious = findingsOf(extension).filter(({ severity }) => severity !== 'info');
  return serious.map(
    ({ kind, severity, message, fix }) => `- ${extension}, ${severity} ${kind}: ${message}. ${fix}`,
  );
}
