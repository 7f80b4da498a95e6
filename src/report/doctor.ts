import { createColors } from 'picocolors';

type Distribution = 'debian' | 'fedora' | 'alpine';

/** A tool, and what was found of it on this machine. */
export interface ToolLine {
  readonly name: string;
  readonly purpose: string;
  /** The commands that need it by default; empty if it is optional. */
  readonly requiredBy: readonly string[];
  readonly found: boolean;
  /** `null` if the tool was not found or does not print its version. */
  readonly version: string | null;
  readonly floor: string | null;
  readonly tooOld: boolean;
  /** Known faults of this version. */
  readonly traps: readonly string[];
  readonly packages: { readonly [D in Distribution]: string | undefined };
}

/** A feature of the kernel, and whether it is available here. */
export interface AbilityLine {
  readonly name: string;
  readonly purpose: string;
  readonly granted: boolean;
  readonly refusal: string | undefined;
}

export interface Diagnosis {
  readonly tools: readonly ToolLine[];
  readonly abilities: readonly AbilityLine[];
  /** `ID` and `ID_LIKE` of this machine's os-release. */
  readonly distribution: readonly string[];
}

const installers: {
  readonly [D in Distribution]: { readonly ids: readonly string[]; readonly command: string };
} = {
  debian: { ids: ['debian', 'ubuntu'], command: 'apt-get install' },
  fedora: { ids: ['fedora', 'rhel', 'centos'], command: 'dnf install' },
  alpine: { ids: ['alpine'], command: 'apk add' },
};

/** Whether a tool that some command needs by default is missing or too old. */
export function lacksRequired({ tools }: Diagnosis): boolean {
  return tools.some(tool => tool.requiredBy.length > 0 && (!tool.found || tool.tooOld));
}

/** The document of `flix doctor --json`. */
export function doctorDocument(diagnosis: Diagnosis) {
  const { tools, abilities } = diagnosis;
  return {
    schema: 'flix.doctor/1',
    ok: !lacksRequired(diagnosis),
    tools,
    abilities,
    install: installLines(diagnosis),
  };
}

export function doctorText(diagnosis: Diagnosis, colour: boolean): string {
  const paint = createColors(colour);
  const { tools, abilities } = diagnosis;
  const width = Math.max(...[...tools, ...abilities].map(({ name }) => name.length));
  const version = Math.max(...tools.map(tool => tool.version?.length ?? 0));
  const row = (state: string, name: string, of: string, text: string) =>
    `  ${state}  ${name.padEnd(width)}  ${paint.cyan(of.padEnd(version))}  ${text}`;
  const lines = [paint.bold('Tools')];
  for (const tool of tools) {
    lines.push(row(stateOf(tool, paint), tool.name, tool.version ?? '', tool.purpose));
    const remarks = tool.tooOld
      ? [`older than ${tool.floor}, the oldest supported version`, ...tool.traps]
      : tool.traps;
    for (const remark of remarks) lines.push(row(' '.repeat(8), '', '', paint.yellow(`! ${remark}`)));
  }
  lines.push('', paint.bold('Kernel'));
  for (const { name, purpose, granted, refusal } of abilities) {
    const state = granted ? paint.green('granted ') : paint.yellow('refused ');
    lines.push(row(state, name, '', refusal === undefined ? purpose : `${purpose} (${refusal})`));
  }
  const install = installLines(diagnosis);
  if (install.length > 0)
    lines.push('', paint.bold('Install what is missing'), ...install.map(line => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

function stateOf(tool: ToolLine, paint: ReturnType<typeof createColors>): string {
  const required = tool.requiredBy.length > 0;
  if (!tool.found) return required ? paint.red('missing ') : paint.dim('optional');
  if (tool.tooOld) return (required ? paint.red : paint.yellow)('too old ');
  return tool.traps.length > 0 ? paint.yellow('beware  ') : paint.green('ok      ');
}

/** Returns the command for this distribution; on an unknown one, the commands for all known distributions. */
function installLines({ tools, distribution }: Diagnosis): string[] {
  const missing = tools.filter(tool => !tool.found);
  const all: Distribution[] = ['debian', 'fedora', 'alpine'];
  const here = all.find(one => installers[one].ids.some(id => distribution.includes(id)));
  return (here ? [here] : all).flatMap(one => {
    const packages = new Set(missing.flatMap(tool => tool.packages[one] ?? []));
    return packages.size > 0 ? [`${installers[one].command} ${[...packages].join(' ')}`] : [];
  });
}
