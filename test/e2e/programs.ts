import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import { expect } from 'vitest';
import type { Stage } from '../lab/stage.ts';
import { openTerminal, TERM } from '../lab/terminal.ts';
import { waitFor } from '../lab/wait.ts';
import { PAGE, type TlsServer } from './tls-server.ts';

/** A real program: how a user vendors it, and some work that shows that it runs. */
export interface Program {
  readonly name: string;
  /** The path that starts it. */
  readonly entry: string;
  /** The paths of its data in this root. */
  readonly resources: (root: string) => readonly string[];
  readonly work: (stage: Stage, entry: string, server: TlsServer) => Promise<void>;
}

export const programs: readonly Program[] = [
  {
    name: 'tilde',
    entry: '/usr/bin/tilde',
    resources: () => ['/usr/share/tilde', '/usr/lib/x86_64-linux-gnu/transcript1', '/usr/lib/terminfo'],
    work: draws([/Input Handling/, 'Enter'], [/\(Untitled\)/, 'C-q']),
  },
  {
    name: 'btop',
    entry: '/usr/bin/btop',
    resources: () => ['/usr/share/btop'],
    work: draws([/cpu[^]*mem[^]*proc/, 'q']),
  },
  { name: 'curl', entry: '/usr/bin/curl', resources: () => [], work: fetches },
  { name: 'nginx', entry: '/usr/sbin/nginx', resources: () => [], work: serves },
  { name: 'python3', entry: '/usr/bin/python3', resources: pythonLibraries, work: computes },
];

function pythonLibraries(root: string): string[] {
  const versions = fs.readdirSync(path.join(root, 'usr/lib')).filter(name => /^python3\.\d+$/.test(name));
  return ['python3', ...versions].map(name => `/usr/lib/${name}`);
}

/** Waits for each screen and answers it with a key. The last key quits. */
function draws(...screens: readonly (readonly [RegExp, string])[]): Program['work'] {
  return async (stage, entry) => {
    const terminal = await openTerminal(stage.scratch, stage.command([entry], { TERM }));
    try {
      for (const [screen, key] of screens) {
        await terminal.shows(screen);
        await terminal.press(key);
      }
      expect(await terminal.ended()).toBe(0);
    } finally {
      await terminal.close();
    }
  };
}

/** Fetches a page over TLS from a host given by name, so that the C library's name service runs too. */
async function fetches(stage: Stage, entry: string, server: TlsServer): Promise<void> {
  fs.copyFileSync(server.certificate, path.join(stage.data, 'ca.pem'));
  const url = `https://localhost:${server.port}/`;
  expect(await output(stage, [entry, '--silent', '--show-error', '--cacert', '/data/ca.pem', url])).toBe(
    PAGE,
  );
}

const SCRIPT = `
import ctypes, lzma, pwd, socket, sqlite3, ssl, sys
with sqlite3.connect(':memory:') as db:
    assert db.execute('select 6 * 7').fetchall() == [(42,)]
assert lzma.decompress(lzma.compress(b'flix' * 1000)) == b'flix' * 1000
assert ctypes.CDLL(None).abs(-3) == 3
assert pwd.getpwnam('www-data').pw_uid == 33
context = ssl.create_default_context(cafile='/data/ca.pem')
with socket.create_connection(('localhost', int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname='localhost') as secure:
        secure.sendall(b'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n')
        print(b''.join(iter(lambda: secure.recv(4096), b'')).split(b'\\r\\n\\r\\n')[1].decode())
`;

async function computes(stage: Stage, entry: string, server: TlsServer): Promise<void> {
  fs.copyFileSync(server.certificate, path.join(stage.data, 'ca.pem'));
  fs.writeFileSync(path.join(stage.data, 'work.py'), SCRIPT);
  expect(await output(stage, [entry, '/data/work.py', String(server.port)])).toBe(PAGE);
}

const NGINX = `
daemon off;
user www-data;
worker_processes 1;
pid /data/pid;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path /data/${name};`).join('\n  ')}
  server { listen unix:/data/socket; root /data/html; }
}
`;

async function serves(stage: Stage, entry: string): Promise<void> {
  const at = (name: string) => path.join(stage.data, name);
  fs.mkdirSync(at('html'));
  fs.writeFileSync(at('html/index.html'), PAGE);
  fs.writeFileSync(at('nginx.conf'), NGINX);
  const ended = output(stage, [entry, '-p', '/data/', '-e', '/data/error.log', '-c', '/data/nginx.conf']);
  // a start that fails ends it, and awaiting that throws
  await Promise.race([ended, waitFor(() => fs.existsSync(at('socket')) && fs.existsSync(at('pid')))]);
  const page = await get(at('socket'));
  process.kill(Number(fs.readFileSync(at('pid'), 'utf8')), 'SIGQUIT');
  await ended;
  expect(page).toBe(PAGE);
}

async function get(socketPath: string): Promise<string> {
  const response = await new Promise<http.IncomingMessage>((take, fail) => {
    http.get({ socketPath, path: '/' }, take).on('error', fail);
  });
  return text(response);
}

async function output(stage: Stage, argv: readonly string[]): Promise<string> {
  const [program, ...options] = stage.command(argv);
  const { stdout, stderr, exitCode } = await execa(program!, options, { reject: false, timeout: 300_000 });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return stdout;
}
