import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export interface SnapshotOptions {
  /** Also record inodes and modification times, which show whether a file was written again. Default: names, modes and bytes. */
  readonly inodes?: boolean;
}

/** Describes a directory, one line per file in C order. Two snapshots are equal if and only if the directories are. */
export function snapshot(directory: string, { inodes = false }: SnapshotOptions = {}): string[] {
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return ['.', ...names].sort().map(name => {
    const at = path.join(directory, name);
    const stat = fs.lstatSync(at, { bigint: true });
    const content = stat.isSymbolicLink() ? fs.readlinkSync(at) : stat.isFile() ? sha256(at) : '';
    const written = inodes ? ` ${stat.ino} ${stat.mtimeNs}` : '';
    return `${name} ${stat.mode.toString(8)} ${content}${written}`;
  });
}

export function sha256(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}
