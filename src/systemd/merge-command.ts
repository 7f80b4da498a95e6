import type { View } from '../view/view.ts';
import { unitFiles, valuesOf } from './unit-files.ts';

/**
 * The value of a long option with which the service of a host that merges is started, a drop-in's before the unit's
 * own; `undefined`: none.
 */
export function mergeOption(host: View, service: string, option: string): string | undefined {
  const units = unitFiles(host).filter(({ name }) => name === service);
  const inOrder = [...units.filter(({ isDropIn }) => !isDropIn), ...units.filter(({ isDropIn }) => isDropIn)];
  const pattern = new RegExp(`${option}[= ]["']?([^\\s"']+)`);
  for (const unit of inOrder.reverse())
    for (const command of valuesOf(unit, 'Service', 'ExecStart')) {
      const value = pattern.exec(command)?.[1];
      if (value !== undefined) return value;
    }
  return undefined;
}
