import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LaunchError } from './settings.ts';

/** @returns the port, which the system chooses for 0. */
export const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const reason = code === 'EADDRINUSE' ? 'it is in use. Stop what listens there, or set SHOP_PORT.' : message;
      reject(new LaunchError(`The shop cannot listen on ${host} port ${port}: ${reason}`));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
