import { unitFiles } from '../../../systemd/unit-files.ts';
import { parent } from '../../../view/path.ts';
import { readBytes, readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineEntryCheck } from '../../check.ts';
import type { Severity } from '../../finding.ts';
import { kernelOfModule, kernelsOf } from '../../kernel-modules.ts';
import type { Host, Merge } from '../../merge.ts';

interface Judged {
  readonly severity: Severity;
  readonly culprit: string;
  readonly message: string;
  readonly fix: string;
}

export const kernelModule = defineEntryCheck(
  'missing/kernel-module',
  {
    title: 'A kernel module cannot be loaded',
    means:
      'The extension contains a module in /usr/lib/modules/RELEASE. Either the host has no kernel of that release, or ' +
      'the module was built for another release than its directory says, or modprobe does not find it, because it ' +
      'searches modules.dep.bin (and modules.alias.bin) of that directory, which the host made without the extension.',
    matters:
      'A module fits exactly one release of the kernel. With the next kernel of the host, modprobe says “Module … not ' +
      'found in directory”, and the file system, network interface or device is gone, although the extension is merged.',
    fix:
      'Build the module for every kernel of the host, one extension for each release, and bind it with VERSION_ID= or ' +
      'SYSEXT_LEVEL=. Do not ship modules.dep: it would hide that of the host. Load the module by its path with insmod, ' +
      'its dependencies first, from a unit that starts after the merge; or merge with systemd-sysext ' +
      '--mutable=ephemeral (systemd 256) and run depmod before modprobe.',
  },
  ({ path, kind }, merge): Judged | undefined => {
    const release = kind === 'file' ? kernelOfModule(path) : undefined;
    if (release === undefined) return undefined;
    const builtFor = vermagicOf(merge.view, path);
    if (builtFor !== undefined && builtFor !== release)
      return {
        severity: 'error',
        culprit: path,
        message: `${path} was built for the kernel ${builtFor}, not for ${release}: the kernel refuses it`,
        fix: `Build it for ${release}, or move it to /usr/lib/modules/${builtFor}.`,
      };
    return merge.host && judgeOver(merge.host, path, release, merge);
  },
);

function judgeOver(host: Host, path: string, release: string, merge: Merge): Judged | undefined {
  const kernels = kernelsOf(host.view);
  if (kernels.length === 0)
    return {
      severity: 'info',
      culprit: release,
      message: `${path} is for the kernel ${release}, and this root contains no kernel with which to compare it`,
      fix: `Make sure that the host runs ${release}: uname -r`,
    };
  if (!kernels.includes(release))
    return {
      severity: 'error',
      culprit: release,
      message: `${path} is for the kernel ${release}, but the host has ${kernels.join(', ')}: modprobe does not find it`,
      fix: `Build the module for ${kernels.join(' and ')}.`,
    };
  if (isListed(path, release, host, merge) || isLoadedByPath(path, release, merge.view)) return undefined;
  return {
    severity: 'warning',
    culprit: `/usr/lib/modules/${release}/modules.dep`,
    message: `modprobe does not find ${path}: modules.dep of the host does not list it`,
    fix: `From a unit that starts after the merge, load it with insmod ${path}, after the modules that it needs.`,
  };
}

/** Whether modprobe finds the module: by an index that the extension brings, or because it replaces a module of the host. */
function isListed(path: string, release: string, host: Host, { view, extensionOf }: Merge): boolean {
  const index = `/usr/lib/modules/${release}/modules.dep`;
  const isOwn = (file: string) => view.kind(file) === 'file' && extensionOf(file) !== undefined;
  if (!isOwn(`${index}.bin`)) return host.view.kind(path) === 'file';
  // the text says the same, and is easier to read
  const name = path.slice(parent(index).length + 1);
  return !isOwn(index) || (readText(view, index) ?? '').split('\n').some(line => line.startsWith(`${name}:`));
}

/** Whether a unit names the module by its path, as insmod takes it. `%v` is the kernel's release (systemd.unit(5), SPECIFIERS). */
function isLoadedByPath(path: string, release: string, view: View): boolean {
  const underLib = path.replace(/^\/usr/, ''); // part of both spellings
  const isNamed = (value: string) => value.replaceAll('%v', release).includes(underLib);
  return unitFiles(view).some(({ settings }) =>
    settings.some(({ key, value }) => key.startsWith('Exec') && isNamed(value)),
  );
}

const VERMAGIC = Buffer.from('\0vermagic=');

/** Returns the kernel for which a module was built (Linux include/linux/vermagic.h); `undefined` if it is compressed. */
function vermagicOf(view: View, path: string): string | undefined {
  const bytes = path.endsWith('.ko') ? readBytes(view, path) : undefined;
  if (!bytes) return undefined;
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = content.indexOf(VERMAGIC);
  if (at < 0) return undefined;
  const start = at + VERMAGIC.length;
  return /^[^\s\0]+/.exec(content.subarray(start, start + 128).toString('latin1'))?.[0];
}
