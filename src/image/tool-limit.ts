import { FlixError } from '../errors.ts';
import { requireTool } from '../io/probe.ts';
import { installFix } from '../io/tools.ts';

/**
 * Returns the error for an image that is not damaged, but that the tool does not understand.
 *
 * @param what the features, as a noun phrase
 * @param needed the first version that understands them; `undefined`: unknown
 */
export async function toolLimit(name: string, what: string, needed?: string): Promise<FlixError> {
  const { tool, version = 'of an unknown version' } = await requireTool(name);
  const requires = needed === undefined ? 'which it does not support' : `which requires version ${needed}`;
  const newer =
    needed === undefined
      ? 'a newer version, or one that was built with support for it'
      : `${needed} or later`;
  return new FlixError(
    'missing',
    'old-tool',
    `${name} is ${version}, but the image has ${what}, ${requires}`,
    `Install ${tool.packages.debian ?? name} ${newer}.\n${installFix(tool)}`,
  );
}

/** Runs a tool, and reports what it does not support as such. Throws `FlixError`. @param unsupported its first group is the feature */
export async function limited<T>(tool: string, unsupported: RegExp, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const what =
      error instanceof FlixError && error.code === 'tool-failed' && unsupported.exec(error.message)?.[1];
    throw what ? await toolLimit(tool, what) : error;
  }
}
