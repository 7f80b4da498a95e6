import type { Staging } from '../staging.ts';

/** A package that was unpacked. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly isMultiArchSame: boolean;
  /** The stanza of its control file. */
  readonly control: string;
  /** The files of its control archive: `postinst`, `conffiles` and so on. */
  readonly info: ReadonlyMap<string, Buffer>;
  /** As dpkg lists them; each character stands for one byte. */
  readonly paths: readonly string[];
  readonly sha256: string;
}

const PLACE = '/var/lib/dpkg';

/** Writes the database of dpkg. The packages are “unpacked”, since no script configured them: “dpkg --configure -a” would. */
export function writeDatabase(staging: Staging, installed: readonly Installed[], architecture: string): void {
  const write = (name: string, content: string | Uint8Array, mode = 0o644) =>
    staging.addFile(`${PLACE}/${name}`, content, { mode });
  write('status', installed.map(stanza).join('\n'));
  write('arch', `${architecture}\n`);
  write('available', '');
  write('diversions', '');
  write('statoverride', '');
  write('info/format', '1\n');
  for (const directory of ['parts', 'triggers', 'updates'])
    staging.tree.addMissing(`${PLACE}/${directory}`, staging.tree.newDirectory());
  for (const { name, architecture: own, isMultiArchSame, info, paths } of installed) {
    const stem = isMultiArchSame ? `${name}:${own}` : name;
    write(`info/${stem}.list`, Buffer.from(paths.map(path => `${path}\n`).join(''), 'latin1'));
    for (const [file, bytes] of info)
      if (file !== 'control' && /^[\w.-]+$/.test(file))
        write(`info/${stem}.${file}`, bytes, /^(?:pre|post)(?:inst|rm)$|^config$/.test(file) ? 0o755 : 0o644);
  }
}

function stanza({ control, info }: Installed): string {
  const [first, ...fields] = control.split('\n');
  const conffiles = (info.get('conffiles')?.toString('utf8') ?? '').split('\n').filter(Boolean);
  const list =
    conffiles.length > 0 ? ['Conffiles:', ...conffiles.map(line => ` ${line.trim()} newconffile`)] : [];
  return `${[first, 'Status: install ok unpacked', ...fields, ...list].join('\n')}\n`;
}
