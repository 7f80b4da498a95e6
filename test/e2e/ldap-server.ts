import net, { type AddressInfo } from 'node:net';

/** A directory with one entry, `dc=flix`. */
export interface LdapServer {
  readonly port: number;
  close(): void;
}

/** Starts a server on the loopback interface that answers each search with the entry (RFC 4511). */
export async function ldapServer(description: string): Promise<LdapServer> {
  const server = net.createServer(socket => {
    socket.on('error', () => socket.destroy());
    socket.on('data', message => {
      const { id, operation } = headOf(message);
      if (operation === BIND) socket.write(reply(id, BIND + 1, SUCCESS));
      else if (operation === SEARCH)
        socket.write(
          Buffer.concat([
            reply(id, 0x64, Buffer.concat([text('dc=flix'), element(0x30, attribute(description))])),
            reply(id, 0x65, SUCCESS),
          ]),
        );
      else socket.end();
    });
  });
  await new Promise<void>(go => server.listen(0, '127.0.0.1', go));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

const BIND = 0x60;
const SEARCH = 0x63;

/** An element of BER with a length below 128. */
function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

function text(value: string): Buffer {
  return element(0x04, Buffer.from(value));
}

function attribute(description: string): Buffer {
  return element(0x30, Buffer.concat([text('description'), element(0x31, text(description))]));
}

/** resultCode, matchedDN and diagnosticMessage. */
const SUCCESS = Buffer.concat([Buffer.from([0x0a, 1, 0]), text(''), text('')]);

function reply(id: number, operation: number, content: Buffer): Buffer {
  return element(0x30, Buffer.concat([Buffer.from([0x02, 1, id]), element(operation, content)]));
}

/** Reads the number of a message, which has one byte, and its operation. */
function headOf(message: Buffer): { readonly id: number; readonly operation: number } {
  const start = message[1]! < 0x80 ? 2 : 2 + (message[1]! & 0x7f);
  return { id: message[start + 2]!, operation: message[start + 3]! };
}
