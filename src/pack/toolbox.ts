import { FlixError } from '../errors.ts';
import { requireTool } from '../io/probe.ts';
import { run } from '../io/spawn.ts';
import { chooseDdiMaker, type DdiMaker } from './ddi.ts';
import type { FileSystem } from './format.ts';
import type { PackOptions } from './options.ts';

export interface UsedTool {
  readonly name: string;
  readonly version: string | undefined;
}

/** The tools that make an image; all of them are available. */
export interface Toolbox {
  /** `undefined`: the image is a directory or an archive. */
  readonly fileSystem:
    | { readonly kind: FileSystem; readonly tool: UsedTool; readonly input: TreeInput }
    | undefined;
  /** `undefined`: the image is not a DDI. */
  readonly ddi: DdiMaker | undefined;
  /** In the order in which they run. */
  readonly used: readonly UsedTool[];
}

/** How the tool gets the tree: the tree itself, a copy with everything that the tree lacks, or an archive. */
export type TreeInput = 'tree' | 'copy' | 'archive';

const TOOLS: { readonly [F in FileSystem]: string } = {
  erofs: 'mkfs.erofs',
  squashfs: 'mksquashfs',
  ext4: 'mkfs.ext4',
  btrfs: 'mkfs.btrfs',
};

/** Looks up every tool before any work is done. Throws `FlixError`: `missing-tool`, `old-tool`, `no-label-support`. */
export async function toolbox(
  options: PackOptions,
  releaseWritten: boolean,
  output: string,
): Promise<Toolbox> {
  const { format, signer, verity, labels, anyName } = options;
  const attributes = labels !== undefined || anyName;
  if (format === 'tar') return { fileSystem: undefined, ddi: undefined, used: [] };
  if (format === 'directory') {
    if (anyName) await requireTool('setfattr');
    return { fileSystem: undefined, ddi: undefined, used: [] };
  }
  const kind = format === 'ddi' ? 'erofs' : format;
  const owned = kind === 'ext4' || kind === 'btrfs';
  const archive = kind === 'squashfs' && attributes;
  const input = archive ? 'archive' : owned || attributes || releaseWritten ? 'copy' : 'tree';
  const helpers = [input === 'copy' && anyName && 'setfattr', owned && process.getuid?.() !== 0 && 'unshare'];
  const signing = format === 'ddi' ? [] : [(verity || signer) && 'veritysetup', signer && 'openssl'];
  // each lookup starts a process, so they run at the same time
  const [tool, ddi, protection] = await Promise.all([
    writerOf(kind, labels !== undefined),
    format === 'ddi' ? chooseDdiMaker(signer, output) : undefined,
    usedTools(signing),
    usedTools(helpers),
  ]);
  return {
    fileSystem: { kind, tool, input },
    ddi,
    used: [tool, ...(ddi?.tools ?? []), ...protection],
  };
}

async function writerOf(kind: FileSystem, labelled: boolean): Promise<UsedTool> {
  const name = TOOLS[kind];
  const { version } = await requireTool(name);
  if (kind === 'erofs' && labelled) await requireLabelSupport(name);
  return { name, version };
}

async function usedTools(names: readonly (string | false | undefined)[]): Promise<UsedTool[]> {
  const found = await Promise.all(names.filter(name => typeof name === 'string').map(requireTool));
  return found.map(({ tool: { name }, version }) => ({ name, version }));
}

async function requireLabelSupport(tool: string): Promise<void> {
  const { stdout, stderr } = await run(tool, ['--help'], { allowFailure: true });
  if (`${stdout}${stderr}`.includes('--file-contexts')) return;
  throw new FlixError(
    'missing',
    'no-label-support',
    `${tool} cannot write SELinux labels: it was built without SELinux support`,
    'Use --format squashfs, or the mkfs.erofs of Debian or Fedora.',
  );
}
