import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What happens to connections whose first bytes contain `only`; without it, to all. */
interface Selected {
  readonly only?: string;
}

type Fault = { readonly kind: 'none' } | ({ readonly kind: 'cut' | 'drop' } & Selected);

export interface Proxy {
  readonly port: number;
  /** What passes from here on takes so much longer, each way. */
  delay(ms: number): void;
  /** Breaks connections, and breaks new ones. */
  cut(selected?: Selected): void;
  /** Loses what passes, and tells nobody. */
  drop(selected?: Selected): void;
  /** No fault from here on. Connections that have lost something break. */
  heal(): void;
  close(): Promise<void>;
}

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  /** The first bytes, by which connections are told apart: a PostgreSQL client names its application there. */
  opening: string;
  hasLost: boolean;
}

/** In their order, each when it is due. */
async function deliver(last: Promise<void>, dueAt: number, write: () => void): Promise<void> {
  await last;
  const waitMs = dueAt - performance.now();
  if (waitMs > 0) await delay(waitMs);
  write();
}

/** A TCP port before a unix socket, with the faults of a network. */
export async function startProxy(socketPath: string): Promise<Proxy> {
  const passages = new Set<Passage>();
  let delayMs = 0;
  let fault: Fault = { kind: 'none' };

  const isMeant = ({ opening }: Passage) => fault.kind !== 'none' && opening.includes(fault.only ?? '');

  function end(passage: Passage) {
    passages.delete(passage);
    passage.client.destroy();
    passage.server.destroy();
  }

  function forward(passage: Passage, from: Socket, to: Socket) {
    let last = Promise.resolve();
    from.on('data', (bytes) => {
      if (from === passage.client) passage.opening ||= bytes.toString('latin1');
      const dueAt = performance.now() + delayMs;
      if (isMeant(passage)) {
        passage.hasLost = true;
        if (fault.kind === 'cut') end(passage);
        return;
      }
      last = deliver(last, dueAt, () => to.write(bytes));
    });
    from.on('error', () => undefined);
    from.on('close', () => void last.then(() => end(passage)));
  }

  const listener = createServer((client) => {
    const passage = { client, server: connect(socketPath), opening: '', hasLost: false };
    passages.add(passage);
    forward(passage, client, passage.server);
    forward(passage, passage.server, client);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');

  return {
    port: (listener.address() as AddressInfo).port,
    delay: (ms) => void (delayMs = ms),
    cut(selected = {}) {
      fault = { kind: 'cut', ...selected };
      for (const passage of passages) if (isMeant(passage)) end(passage);
    },
    drop: (selected = {}) => void (fault = { kind: 'drop', ...selected }),
    heal() {
      fault = { kind: 'none' };
      delayMs = 0;
      for (const passage of passages) if (passage.hasLost) end(passage);
    },
    async close() {
      for (const passage of passages) end(passage);
      listener.close();
      await once(listener, 'close');
    },
  };
}
