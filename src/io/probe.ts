import { FlixError } from '../errors.ts';
import { run } from './spawn.ts';
import { compareDottedVersions, installFix, type Tool, toolNamed, tools } from './tools.ts';

export interface ToolStatus {
  readonly tool: Tool;
  readonly found: boolean;
  /** `undefined` if the tool was not found or does not report a version (busybox). */
  readonly version: string | undefined;
  readonly tooOld: boolean;
  /** Known bugs of this version. */
  readonly traps: readonly string[];
}

const PROBE_TIMEOUT_MS = 10_000;

/** Looks for tools concurrently and asks each for its version. Default: every tool in the table. */
export async function probeTools(names?: readonly string[]): Promise<ToolStatus[]> {
  return Promise.all((names ? names.map(known) : tools).map(probe));
}

/** Returns the status of a tool that is installed and new enough. Throws `FlixError`: `missing-tool`, `old-tool`. */
export async function requireTool(name: string): Promise<ToolStatus> {
  const status = await probe(known(name));
  const { tool, version } = status;
  if (!status.found) {
    const fix = installFix(tool);
    throw new FlixError('missing', 'missing-tool', `${name} is not installed: it ${tool.purpose}`, fix);
  }
  if (status.tooOld)
    throw new FlixError(
      'missing',
      'old-tool',
      `${name} is version ${version}, which is older than ${tool.floor}`,
      installFix(tool),
    );
  return status;
}

async function probe(tool: Tool): Promise<ToolStatus> {
  const answer = await ask(tool);
  const version = answer === undefined ? undefined : tool.answer.exec(answer)?.[1]?.replace(/\.$/, '');
  return {
    tool,
    found: answer !== undefined,
    version,
    tooOld:
      version !== undefined && tool.floor !== undefined && compareDottedVersions(version, tool.floor) < 0,
    traps: version === undefined ? [] : trapsOf(tool, version),
  };
}

/** Returns what the tool prints; `undefined` if it is not installed. */
async function ask(tool: Tool): Promise<string | undefined> {
  try {
    const options = { allowFailure: true, timeoutMs: PROBE_TIMEOUT_MS };
    const { stdout, stderr } = await run(tool.name, tool.ask, options);
    return `${stdout}\n${stderr}`;
  } catch (error) {
    if (error instanceof FlixError && error.code === 'missing-tool') return undefined;
    if (error instanceof FlixError) return ''; // installed, but does not run
    throw error;
  }
}

function trapsOf(tool: Tool, version: string): string[] {
  const bugs = tool.knownBugs ?? [];
  return bugs
    .filter(bug => bug.versions.some(bad => compareDottedVersions(bad, version) === 0))
    .map(bug => bug.effect);
}

function known(name: string): Tool {
  const tool = toolNamed(name);
  if (!tool) throw new Error(`${name} is not in the table of tools`);
  return tool;
}
