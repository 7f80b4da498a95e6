import { FlixError } from '../errors.ts';
import { run } from './spawn.ts';

/** Something that the kernel may or may not grant here: containers often refuse it. */
export interface Ability {
  readonly name: string;
  readonly purpose: string;
  readonly granted: boolean;
  /** Why not, in the tool's words. */
  readonly refusal: string | undefined;
}

const TIMEOUT_MS = 5000;

/** Tries each ability once, in namespaces of its own, so that nothing stays. Another user than root gets a user namespace first. */
export async function probeAbilities(): Promise<Ability[]> {
  const root = process.getuid?.() === 0;
  const asRoot = root ? [] : ['unshare', '-r'];
  return Promise.all([
    attempt('chroot', 'the proof of vendor runs the sealed loader in the tree', [
      ...asRoot,
      'chroot',
      '/',
      'true',
    ]),
    attempt('user namespaces', 'the same without being root', ['unshare', '-r', 'true']),
    attempt('mounts', 'the throwaway merged view of try', [
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
