import { follow } from './follow.ts';
import type { View } from './view.ts';

/** The releases of the Linux kernels whose modules a host has, such as `6.1.0-18-amd64`; empty if it has none. */
export function kernelReleases(host: View): string[] {
  const modules = follow(host, '/usr/lib/modules').path;
  return modules === undefined ? [] : [...host.list(modules).keys()].filter(name => /^\d+\.\d+/.test(name));
}
