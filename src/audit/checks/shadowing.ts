import { breaksHost } from './shadowing/breaks-host.ts';
import { hiddenFile } from './shadowing/host-file.ts';
import { hiddenLibrary } from './shadowing/host-library.ts';
import { hostLibc } from './shadowing/host-libc.ts';
import { hiddenIndex } from './shadowing/unique-index.ts';

/** What extensions hide of the host, and what that does to its programs. */
export const shadowing = [hostLibc, breaksHost, hiddenIndex, hiddenLibrary, hiddenFile] as const;
