import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { parse } from 'yaml';

/** What flix uses of the metadata of an action (docs.github.com, “Metadata syntax for GitHub Actions”). */
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}
interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ActionRun {
  /** That of the first step that fails, after which no other runs. */
  readonly status: number;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** What steps use; it is not run. */
  readonly uses: readonly string[];
  readonly summary: string;
}

/**
 * Runs the steps of a composite action as a runner of GitHub does: `shell: bash` is `bash --noprofile --norc -eo pipefail
 * FILE`, in the workspace. Throws for an expression that it does not know.
 *
 * @param env added to the environment of each step
 */
export function runComposite(
  directory: string,
  given: Readonly<Record<string, string>>,
  { workspace, env }: { readonly workspace: string; readonly env: Readonly<Record<string, string>> },
): ActionRun {
  const action = parse(fs.readFileSync(path.join(directory, 'action.yml'), 'utf8')) as Action;
  if (action.runs.using !== 'composite') throw new Error(`the action is ${action.runs.using}`);
  for (const name of Object.keys(given))
    if (action.inputs[name] === undefined) throw new Error(`the action has no input ${name}`);
  const results = new Map<string, Readonly<Record<string, string>>>();
  const expand = (text: string) =>
    text.replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
      const [, input] = /^inputs\.([\w-]+)$/.exec(expression) ?? [];
      const [, step, output] = /^steps\.([\w-]+)\.outputs\.([\w-]+)$/.exec(expression) ?? [];
      if (input !== undefined && action.inputs[input] !== undefined)
        return given[input] ?? action.inputs[input].default ?? '';
      if (step !== undefined) return results.get(step)?.[output!] ?? '';
      if (expression === 'github.action_path') return directory;
      throw new Error(`unknown expression: ${expression}`);
    });
  const runner = fs.mkdtempSync(path.join(workspace, '.runner-'));
  const at = (name: string) => path.join(runner, name);
  fs.writeFileSync(at('summary'), '');
  const uses: string[] = [];
  let log = '';
  let status = 0;
  for (const [number, step] of action.runs.steps.entries()) {
    if (step.uses !== undefined) uses.push(step.uses);
    if (step.run === undefined || status !== 0) continue;
    if (step.shell !== 'bash') throw new Error(`step ${number} has the shell ${step.shell}`);
    fs.writeFileSync(at('script'), expand(step.run));
    fs.writeFileSync(at('output'), '');
    const ran = execaSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', at('script')], {
      cwd: workspace,
      env: {
        ...env,
        ...Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, expand(value)])),
        GITHUB_ACTIONS: 'true',
        GITHUB_WORKSPACE: workspace,
        GITHUB_ACTION_PATH: directory,
        GITHUB_OUTPUT: at('output'),
        GITHUB_STEP_SUMMARY: at('summary'),
      },
      reject: false,
      all: true,
    });
    log += ran.all;
    status = ran.exitCode ?? 1;
    const lines = fs.readFileSync(at('output'), 'utf8').split('\n').filter(Boolean);
    if (step.id !== undefined)
      results.set(
        step.id,
        Object.fromEntries(lines.map(line => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)])),
      );
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, expand(value)]),
  );
  return { status, log, outputs, uses, summary: fs.readFileSync(at('summary'), 'utf8') };
}
