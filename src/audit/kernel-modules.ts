import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { basename, join } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Extension } from './extension.ts';
import { oncePer } from './once.ts';

const MODULE = /^\/usr\/lib\/modules\/([^/]+)\/.+\.ko(?:\.(?:gz|xz|zst))?$/;

/** Returns the release of the kernel to which a path assigns a module, as uname(1) prints it; `undefined` if it is no module. */
export function kernelOfModule(path: string): string | undefined {
  return MODULE.exec(path)?.[1];
}

/** Returns the releases of the kernels for which an extension contains modules. */
export const kernelsOfModules = oncePer((extension: Extension): ReadonlySet<string> => {
  const modules = [...walk(extension.view, '/usr/lib/modules')];
  return new Set(modules.flatMap(({ path, kind }) => (kind === 'file' ? (kernelOfModule(path) ?? []) : [])));
});

/** What a package of a kernel puts into the directory of its modules, unlike packages of single modules. */
const OF_KERNEL = ['kernel', 'vmlinuz', 'modules.builtin', 'modules.dep', 'modules.order'];

/** Returns the releases of the kernels that a host has, by the directories of their modules. */
export function kernelsOf(host: View): readonly string[] {
  return kernels(host, '/');
}

const kernels = memoised((host): readonly string[] => {
  const directories = ['/usr/lib/modules', '/lib/modules'].flatMap(place => {
    const { path } = follow(host, place);
    return path === undefined ? [] : [...host.list(path).keys()].map(name => join(path, name));
  });
  const found = directories.filter(directory => OF_KERNEL.some(name => host.list(directory).has(name)));
  return [...new Set(found.map(basename))].sort();
});
