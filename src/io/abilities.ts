import { FlixError } from '../errors.ts';
import { run } from './spawn.ts';

/** Something that the kernel may refuse, as it often does in containers. */
export interface Ability {
  readonly name: string;
  readonly purpose: string;
  readonly granted: boolean;
  /** Why it was refused, in the tool's words. */
  readonly refusal: string | undefined;
}

const TIMEOUT_MS = 5000;

/** Tries each ability once, in separate namespaces, so that no trace remains. Users other than root get a user namespace first. */
export async function probeAbilities(): Promise<Ability[]> {
  const root = process.getuid?.() === 0;
  const asRoot = root ? [] : ['unshare', '-r'];
  return Promise.all([
    attempt('chroot', 'lets vendor prove a tree by running the sealed loader in it', [
      ...asRoot,
      'chroot',
      '/',
      'true',
    ]),
    attempt('user namespaces', 'does the same for users other than root', ['unshare', '-r', 'true']),
    attempt('mounts', 'lets try merge extensions, and vendor run a loader, without a trace on this machine', [
      'unshare',
      root ? '-m' : '-rm',
      'mount',
      '-t',
      'tmpfs',
      'flix',
      '/tmp',
    ]),
  ]);
}

async function attempt(name: string, purpose: string, [tool, ...args]: readonly string[]): Promise<Ability> {
  try {
    await run(tool!, args, { timeoutMs: TIMEOUT_MS });
    return { name, purpose, granted: true, refusal: undefined };
  } catch (error) {
    if (!(error instanceof FlixError)) throw error;
    return { name, purpose, granted: false, refusal: error.message.split('\n').at(-1)!.trim() };
  }
}
