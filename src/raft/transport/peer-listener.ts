/**
 * The listening socket of a peer transport. Accepts, and turns what went wrong at listening into an error that says what to do.
 * Whether the address may be listened on at all is decided before (daemon/lifecycle/listen-address.ts).
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { MesoError, messageOf } from '../../base/error.js';

const BACKLOG = 256;

export class PeerListener {
  readonly #server: Server;
  #isClosed = false;

  constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer({ noDelay: true }, onSocket);
  }

  /** `onTrouble`: accepting failed later on, for example for want of file descriptors; the listener goes on. */
  listen(ip: string, port: number, onTrouble: (detail: string) => void): Promise<{ ip: string; port: number }> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, ip, port));
      this.#server.once('error', onError);
      this.#server.listen({ host: ip, port, backlog: BACKLOG }, () => {
        this.#server.removeListener('error', onError);
        if (this.#isClosed) this.#server.close();
        this.#server.on('error', (error) => onTrouble(messageOf(error)));
        const address = this.#server.address() as AddressInfo;
        resolve({ ip: address.address, port: address.port });
      });
    });
  }

  /** Resolves when the last accepted connection is closed as well. */
  close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function listenError(error: NodeJS.ErrnoException, ip: string, port: number): MesoError {
  const where = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
  const options = { cause: error, details: { ip, port } };
  switch (error.code) {
    case 'EADDRINUSE':
      return new MesoError('PORT_IN_USE', `${where}, where the masters are to talk to each other, is in use`, {
        ...options,
        suggestions: ['choose another port with --raft-port, the same as in --peers of every master'],
      });
    case 'EADDRNOTAVAIL':
      return new MesoError('ADDRESS_NOT_ALLOWED', `${ip} is not an address of this machine`, {
        ...options,
        suggestions: ['--raft-ip takes an address that `ip address` shows'],
      });
    case 'EACCES':
      return new MesoError('ADDRESS_NOT_ALLOWED', `binding ${where} needs more rights: ports below 1024 are reserved`, {
        ...options,
        suggestions: ['choose a port above 1023 with --raft-port'],
      });
    default:
      return new MesoError('INTERNAL', `cannot listen on ${where}: ${messageOf(error)}`, options);
  }
}
