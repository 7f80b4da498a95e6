import type { Kind, KindOfRow, Row } from './row.ts';
import { accounts } from './rows/accounts.ts';
import { compiled } from './rows/compiled.ts';
import { graphical } from './rows/graphical.ts';
import { interpreters } from './rows/interpreters.ts';
import { locales } from './rows/locales.ts';
import { multimedia } from './rows/multimedia.ts';
import { servers } from './rows/servers.ts';
import { setuid } from './rows/setuid.ts';
import { suites } from './rows/suites.ts';
import { terminal } from './rows/terminal.ts';
import { tools } from './rows/tools.ts';

const byKind: Readonly<Record<Kind, readonly Row[]>> = {
  'terminal programs': terminal,
  servers,
  interpreters,
  multimedia,
  suites,
  'accounts and authentication': accounts,
  'locales and encodings': locales,
  'graphical programs': graphical,
  'Go, Rust and virtual environments': compiled,
  'setuid programs': setuid,
  tools,
};

/** All rows, by kind. */
export const rows: readonly KindOfRow[] = Object.entries(byKind).flatMap(([kind, list]) =>
  list.map(row => ({ ...row, kind: kind as Kind })),
);
