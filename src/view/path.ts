/** Paths inside a root: absolute, with `/` between components. These functions treat them as text and look nothing up. */

/** Normalises a path. Resolves `..` textually, so the result is correct only for paths without links. */
export function normalise(path: string): string {
  const done: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') done.pop();
    else done.push(part);
  }
  return `/${done.join('/')}`;
}

export function parent(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** Returns whether `path` is `directory` or is below it. */
export function within(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** Returns the relative target of a link at `from` that points to `to`; both paths are absolute and without links. */
export function relative(from: string, to: string): string {
  const base = parent(from).split('/').filter(Boolean);
  const parts = to.split('/').filter(Boolean);
  let same = 0;
  while (same < base.length && same < parts.length - 1 && base[same] === parts[same]) same++;
  return [...base.slice(same).map(() => '..'), ...parts.slice(same)].join('/');
}
