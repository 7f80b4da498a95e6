import { type ActivationCase, type Files, RELOADS } from './case.ts';

/** Turns cases into configuration extensions, as far as their files can be below /etc. */

/** Cases that write to /etc, which is read-only while a configuration extension is merged. */
const WRITES = /systemd-sysusers|systemctl --no-reload preset/;

export function configured(cases: readonly ActivationCase[]): ActivationCase[] {
  return cases.filter(isPossible).map(one => ({
    ...one,
    files: inEtc(one.files),
    release: one.release ?? RELOADS,
    works: ofConfext(one.works),
  }));
}

function isPossible({ files, works }: ActivationCase): boolean {
  const text = JSON.stringify([files, works]);
  return !WRITES.test(text) && Object.keys(inEtc(files)).every(path => path.startsWith('/etc/'));
}

function inEtc(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, file]) => [
      ofConfext(path).replace(/^\/usr\/lib\//, '/etc/'),
      'text' in file ? { ...file, text: ofConfext(file.text) } : file,
    ]),
  );
}

function ofConfext(text: string): string {
  return text.replaceAll('systemd-sysext', 'systemd-confext');
}
