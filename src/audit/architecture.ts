import { machineOf } from '../elf/machine.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';

/** Programs of which every host has one, built for the machine's first architecture. */
const WITNESSES = [
  '/usr/lib/systemd/systemd',
  '/usr/bin/systemctl',
  '/usr/bin/sh',
  '/bin/sh',
  '/usr/bin/true',
];

/**
 * The architecture of a host, as its programs show it. systemd asks the running kernel, which for all but mixed
 * machines is the same.
 */
export function hostArchitecture(host: View): string | undefined {
  for (const path of WITNESSES) {
    const real = follow(host, path).path;
    const facts = real === undefined ? undefined : objectAt(host, real).facts;
    if (facts) return machineOf(facts.header)?.systemd;
  }
  return undefined;
}
